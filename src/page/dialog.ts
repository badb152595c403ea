/** A question before something is done. The browser's own dialog keeps the keyboard inside, and Escape closes it. */
import { element } from './elements.ts'
import type { Question } from './orders.ts'

/** Asks, and does it. What refuses it is told in the dialog, which then stays. */
export function confirm(
  { title, words, isDangerous }: Question,
  button: string,
  deed: () => Promise<unknown>,
  refusal: (error: unknown) => string,
): void {
  const heading = element('h2', 'pf-v6-c-card__title', title)
  heading.id = 'dialog-title'
  const problem = element('p', 'pf-v6-c-alert pf-m-danger')
  problem.setAttribute('role', 'alert')
  problem.hidden = true
  const yes = element('button', `pf-v6-c-button ${isDangerous ? 'pf-m-danger' : 'pf-m-primary'}`, button)
  const no = element('button', 'pf-v6-c-button', 'Cancel')
  const dialog = element(
    'dialog',
    'pf-v6-c-modal-box',
    heading,
    element('p', '', words),
    problem,
    element('footer', '', yes, no),
  )
  dialog.setAttribute('aria-labelledby', heading.id)
  for (const one of [yes, no]) one.type = 'button'
  no.addEventListener('click', () => dialog.close())
  yes.addEventListener('click', async () => {
    yes.disabled = true
    problem.hidden = true
    try {
      await deed()
      dialog.close()
    } catch (error) {
      problem.textContent = refusal(error)
      problem.hidden = false
      yes.disabled = false
    }
  })
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  // Nothing is done by whoever hits Enter once too often.
  no.focus()
}
