/**
 * Put into a page by a test, so plain JavaScript: where its texts lie and whether a reader can see them. What
 * `collisions` and `tooWide` find is said in English; nothing is found in a page that is right.
 */
globalThis.pageLayout = {
  /** Everything that can be read in the elements that a selector finds, a line a text node. */
  texts: (selector) =>
    readable().filter(({ element }) => element.closest(selector) !== null).map(({ text }) => text.trim()).join("\n"),
  /** Texts that lie over each other, and texts that end beyond the picture they are in. */
  collisions: () => [...overlaps(boxes()), ...cutByPicture()],
  /** What is wider than the window and cannot be scrolled to; elements within `except` are not looked at. */
  tooWide: (except) => {
    const root = document.documentElement
    const found = root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} wide`] : []
    for (const element of document.body?.querySelectorAll("*") ?? []) {
      const { height, right, width } = element.getBoundingClientRect()
      if (width === 0 || height === 0 || !isShown(element) || scrolls(element.parentElement)) continue
      if (element.closest(except) !== null) continue
      if (right > root.clientWidth + 1) found.push(`${nameOf(element)} ends at ${Math.round(right)}`)
    }
    return found
  }
}

function nameOf(element) {
  return `<${element.localName} class="${element.getAttribute("class") ?? ""}">`
}

function isShown(element) {
  return element.checkVisibility({ contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true })
}

function scrolls(element) {
  if (element === null || element === document.body) return false
  return /auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement)
}

/** Text nodes that are shown, each with its element. */
function readable() {
  const found = []
  const walker = document.createTreeWalker(document.body ?? document.documentElement, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (/^(script|style|noscript|title)$/.test(element.localName) || node.data.trim() === "") continue
    if (isShown(element)) found.push({ node, element, text: node.data })
  }
  return found
}

/** The part of a rectangle that its scrolling ancestors show; undefined where they show none. */
function clipped({ bottom, left, right, top }, element) {
  for (let above = element; above !== null && above !== document.body; above = above.parentElement) {
    if (above.namespaceURI !== "http://www.w3.org/1999/xhtml") continue
    if (getComputedStyle(above).overflowX === "visible") continue
    const frame = above.getBoundingClientRect()
    left = Math.max(left, frame.left)
    right = Math.min(right, frame.right)
    top = Math.max(top, frame.top)
    bottom = Math.min(bottom, frame.bottom)
  }
  return right > left && bottom > top ? { bottom, left, right, top } : undefined
}

/** A rectangle a line of every text. */
function boxes() {
  return readable().flatMap(({ element, node, text }) => {
    const range = document.createRange()
    range.selectNodeContents(node)
    return [...range.getClientRects()].flatMap((rect) => {
      const box = rect.width > 0 && rect.height > 0 ? clipped(rect, element) : undefined
      return box === undefined ? [] : [{ ...box, text: text.trim().slice(0, 40), node }]
    })
  })
}

/** Pixels by which boxes may share room: a font's box is a little higher than its letters. */
function overlaps(all) {
  const found = []
  const sorted = all.sort((a, b) => a.top - b.top)
  sorted.forEach((one, i) => {
    for (let k = i + 1; k < sorted.length && sorted[k].top < one.bottom - 2; k++) {
      const other = sorted[k]
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left)
      if (width > 1 && one.node !== other.node) found.push(`"${one.text}" lies over "${other.text}"`)
    }
  })
  return found
}

/** Texts of SVG that end beyond it. */
function cutByPicture() {
  return readable().flatMap(({ element, text }) => {
    const picture = element.ownerSVGElement
    if (!picture) return []
    const frame = picture.getBoundingClientRect()
    const { bottom, left, right, top } = element.getBoundingClientRect()
    const inside = left >= frame.left - 1 && right <= frame.right + 1 && top >= frame.top - 1 &&
      bottom <= frame.bottom + 1
    return inside ? [] : [`"${text.trim()}" ends outside of its picture`]
  })
}
