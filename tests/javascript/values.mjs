// Rows of the scenario files: JSON in the words of the command line, as what the package takes, and back.

import { fromBatch } from 'thalweg/internal/columns/read.js';
import { toBatch } from 'thalweg/internal/columns/write.js';
import { json } from 'thalweg/internal/columns/json.js';

/** JSON with the numbers as texts, of which none is rounded. */
export function parse(text) {
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, token => (token[0] === '"' ? token : `"\uE000${token}"`));
  return JSON.parse(quoted);
}

const plain = value => (typeof value === 'string' && value[0] === '\uE000' ? value.slice(1) : value);

/** A value of a column of this type. */
function value(node, given) {
  if (given === null || given === undefined) return null;
  const text = plain(given);
  const [key, item] = node.children;
  switch (node.type.tag) {
    case 'tinyint': case 'smallint': case 'int': case 'bigint': return BigInt(text);
    case 'float': case 'double': return Number(text);
    case 'bytes': case 'fixed-bytes': return Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
    case 'array': return text.map(element => value(key, element));
    case 'dictionary': {
      const entries = Array.isArray(text) ? text.map(entry => [entry.key, entry.value]) : Object.entries(text);
      return new Map(entries.map(([left, right]) => [value(key, left), value(item, right)]));
    }
    case 'row': return Object.fromEntries(node.children.map(child => [child.name, value(child, text[child.name])]));
    default: return text;
  }
}

/** JSON lines as rows. */
export function rows(nodes, lines) {
  const texts = lines.split('\n').filter(line => line.trim() !== '');
  return texts.map(line => {
    const row = parse(line);
    if (row === null) return null;
    return Object.fromEntries(Object.entries(row).map(([name, given]) => {
      const node = nodes.find(node => node.name === name);
      return [name, node ? value(node, given) : plain(given)];
    }));
  });
}

/** JSON lines as they are compared: every column, in order, in one form. */
export function lines(nodes, text) {
  return rows(nodes, text).map(row => (row === null ? 'null' : json(fromBatch(nodes, toBatch(nodes, [row])).row(0))));
}
