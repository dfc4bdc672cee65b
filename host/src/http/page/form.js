// A form for the parameters of a module, made from the JSON Schema that it gives of them.

import { make, put } from './dom.js';

const LONGEST = 40;

/**
 * A form for a schema. `values` is what it begins with; `changed` is called with what it says, or with null while something in
 * it is wrong.
 */
export function form(title, schema, values, columns, changed) {
  const properties = Object.entries(schema?.properties ?? {}).slice(0, LONGEST);
  const required = new Set(Array.isArray(schema?.required) ? schema.required : []);
  const fields = properties.map(([name, property]) => field(name, property ?? {}, values[name], required.has(name), columns, update));
  function update() {
    const settings = {};
    let fine = true;
    for (const field of fields) {
      const value = field.read();
      if (value instanceof Error) fine = false;
      else if (value !== undefined) settings[field.name] = value;
    }
    changed(fine ? settings : null);
  }
  const body = fields.length ? fields.map(field => field.element) : make('p', { class: 'hint' }, 'It has no parameters.');
  return { element: make('fieldset', { class: 'settings' }, make('legend', {}, title), make('div', { class: 'fields' }, body)), update };
}

let number = 0;

function field(name, property, value, required, columns, changed) {
  const id = `parameter-${(number += 1)}`;
  const kind = kindOf(property);
  const begin = value ?? property.default;
  const input = control(kind, property, begin, id, name, columns);
  const hint = make('small', { id: `${id}-hint` }, property.description ?? '');
  input.setAttribute('aria-describedby', hint.id);
  input.addEventListener(kind === 'choice' || kind === 'tick' ? 'change' : 'input', () => changed());
  const label = `${name}${required ? '' : ' (optional)'}`;
  const element = kind === 'tick'
    ? make('div', { class: 'field' }, make('label', { class: 'tick', for: id }, input, label), hint)
    : make('div', { class: 'field' }, make('label', { for: id }, label), input, hint);
  const said = property.description ?? '';
  return {
    name,
    element,
    read() {
      const read = readValue(kind, property, input, required);
      const wrong = read instanceof Error;
      input.setAttribute('aria-invalid', wrong);
      hint.classList.toggle('bad', wrong);
      put(hint, wrong ? read.message : said);
      return read;
    },
  };
}

function kindOf(property) {
  const types = [property.type].flat();
  if (Array.isArray(property.enum)) return 'choice';
  if (types.includes('boolean')) return 'tick';
  if (types.includes('array') && (property.items?.type ?? 'string') === 'string') return 'list';
  if (types.length === 1 && (types[0] === 'integer' || types[0] === 'number')) return 'number';
  if (types.length === 1 && types[0] === 'string') return 'text';
  if (types.every(type => ['string', 'number', 'integer'].includes(type))) return 'either';
  return 'json';
}

function control(kind, property, value, id, name, columns) {
  const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  if (kind === 'choice') {
    const options = property.enum.map(choice => make('option', { value: JSON.stringify(choice) }, String(choice)));
    const select = make('select', { id }, make('option', { value: '' }, ''), options);
    select.value = value === undefined ? '' : JSON.stringify(value);
    return select;
  }
  if (kind === 'tick') {
    const box = make('input', { id, type: 'checkbox' });
    box.checked = value === true;
    return box;
  }
  if (kind === 'json') {
    const area = make('textarea', { id, spellcheck: 'false' });
    area.value = value === undefined ? '' : JSON.stringify(value, null, 1);
    return area;
  }
  const input = make('input', { id, spellcheck: 'false', autocomplete: 'off', inputmode: kind === 'number' ? 'decimal' : null });
  input.value = kind === 'list' && Array.isArray(value) ? value.join(', ') : text;
  if (/^columns?$/.test(name) && kind !== 'list') {
    const list = make('datalist', { id: `${id}-columns` }, columns.map(column => make('option', { value: column })));
    input.setAttribute('list', list.id);
    input.append(list);
    document.body.append(list);
  }
  return input;
}

/** What a field says: a value, undefined for none, or an error. */
function readValue(kind, property, input, required) {
  if (kind === 'tick') return input.checked === (property.default ?? false) ? undefined : input.checked;
  const text = input.value.trim();
  if (text === '') return required ? new Error('It must be there.') : undefined;
  try {
    switch (kind) {
      case 'choice':
      case 'json':
        return JSON.parse(text);
      case 'list':
        return text.startsWith('[') ? JSON.parse(text) : text.split(',').map(part => part.trim()).filter(Boolean);
      case 'number': {
        const value = Number(text);
        if (!Number.isFinite(value)) return new Error('It must be a number.');
        if (property.type === 'integer' && !Number.isInteger(value)) return new Error('It must be a whole number.');
        return value;
      }
      case 'either': {
        const value = Number(text);
        return Number.isFinite(value) ? value : text;
      }
      default:
        return input.value;
    }
  } catch (error) {
    return new Error(`It is no JSON: ${error.message}`);
  }
}
