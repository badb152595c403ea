/** Light or dark, as the shell of Cockpit says: in its local storage, by an event, or by the system's own setting. */

const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)')

/** Keeps the class of PatternFly's dark theme right, and tells each change. */
export function followTheme(onChange: () => void): void {
  const apply = (said?: string) => {
    const style = said ?? localStorage.getItem('shell:style') ?? 'auto'
    const isDark = style === 'dark' || (style === 'auto' && systemIsDark.matches)
    document.documentElement.classList.toggle('pf-v6-theme-dark', isDark)
    onChange()
  }
  window.addEventListener('storage', ({ key }) => key === 'shell:style' && apply())
  window.addEventListener('cockpit-style', (event) => event instanceof CustomEvent && apply(event.detail?.style))
  systemIsDark.addEventListener('change', () => apply())
  apply()
}
