/** Small helpers for the DOM. Nothing is ever parsed as HTML: what the daemon says is text. */

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** The element of index.html with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new ReferenceError(`the page has no element ${id}`)
  return found
}

/** Sets a text, and leaves alone what has it: screen readers and selections stay where they are. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** Makes the children of a parent these, in this order, moving only those that are elsewhere: the focus stays. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  for (const [index, child] of children.entries()) {
    const there = parent.children[index]
    if (there !== child) parent.insertBefore(child, there ?? null)
  }
  while (parent.children.length > children.length) parent.lastElementChild?.remove()
}
