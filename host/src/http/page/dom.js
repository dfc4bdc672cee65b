// Elements of the page. Whatever is shown goes in as text: nothing from a table or a module is ever read as HTML.

/** The element of this id. */
export const at = id => document.getElementById(id);

/**
 * A new element. `attributes` that are functions become listeners (`onclick`), `class` and others attributes; children that are
 * not nodes become text.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : visible(String(child)));
  }
  return element;
}

/** Puts a text into an element, if it is another one. */
export function put(element, text) {
  const shown = visible(String(text));
  if (element.textContent !== shown) element.textContent = shown;
}

/** Shows a message in its place, or hides the place. */
export function tell(element, message) {
  element.hidden = !message;
  put(element, message ?? '');
}

/** The text with everything that steers or hides written out: control characters, marks that turn the direction of writing. */
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    character => `\\u{${character.codePointAt(0).toString(16)}}`);
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** A count for people: 12,345. */
export const count = number => whole.format(number);

/** A rate for people: 1.2K/s. */
export const rate = number => `${number < 1000 ? whole.format(number) : short.format(number)}/s`;
