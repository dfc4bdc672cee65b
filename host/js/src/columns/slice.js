// Parts of batches, and batches put together, as `batch` of `thalweg:module/types` has them.

import { form } from './read.js';

/** Some bits, from any place on. */
export function sliceBits(bits, first, rows) {
  if (first % 8 === 0) return bits.subarray(first >> 3, (first >> 3) + Math.ceil(rows / 8));
  const out = new Uint8Array(Math.ceil(rows / 8));
  for (let row = 0; row < rows; row += 1) {
    const at = first + row;
    out[row >> 3] |= ((bits[at >> 3] >> (at & 7)) & 1) << (row & 7);
  }
  return out;
}

function sliceValues({ tag, val }, node, first, rows) {
  switch (tag) {
    case 'bits': return { tag, val: sliceBits(val, first, rows) };
    case 'fixed': {
      const size = node.type.tag === 'decimal' ? 16 : node.type.val;
      return { tag, val: val.subarray(first * size, (first + rows) * size) };
    }
    case 'spans': {
      const [from, to] = [val.offsets[first] ?? 0, val.offsets[first + rows] ?? 0];
      const offsets = Int32Array.from(val.offsets.subarray(first, first + rows + 1), offset => offset - from);
      return { tag, val: { offsets, bytes: val.bytes.subarray(from, to) } };
    }
    case 'none': return { tag };
    default: return { tag, val: val.subarray(first, first + rows) };
  }
}

/** `rows` rows from `first` on. */
export function slice(nodes, batch, first, rows) {
  if (first === 0 && rows === batch.rows) return batch;
  const columns = [];
  let next = 0;
  const part = (node, from, length) => {
    const { validity, values } = batch.columns[next];
    next += 1;
    const bits = validity && sliceBits(validity, from, length);
    if (form(node.type) === 'offsets') {
      const [begin, end] = [values.val[from] ?? 0, values.val[from + length] ?? 0];
      const offsets = Int32Array.from(values.val.subarray(from, from + length + 1), offset => offset - begin);
      columns.push({ validity: bits, values: { tag: 'offsets', val: offsets } });
      for (const child of node.children) part(child, begin, end - begin);
    } else {
      columns.push({ validity: bits, values: sliceValues(values, node, from, length) });
      for (const child of node.children) part(child, from, length);
    }
  };
  for (const node of nodes) part(node, first, rows);
  return { rows, columns };
}

/** How many bytes the columns of a batch hold. */
export function size({ columns }) {
  return columns.reduce((sum, { validity, values }) => {
    const bytes = values.tag === 'spans' ? values.val.bytes.byteLength + values.val.offsets.byteLength : (values.val?.byteLength ?? 0);
    return sum + bytes + (validity?.byteLength ?? 0);
  }, 0);
}

/** Batches of the same columns, one after the other. */
export function concat(nodes, batches) {
  if (batches.length === 1) return batches[0];
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const columns = [];
  let next = 0;
  const join = (node, lengths) => {
    const parts = batches.map(batch => batch.columns[next]);
    next += 1;
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const values = joinValues(parts.map(part => part.values), lengths, total);
    columns.push({ validity: joinValidity(parts, lengths, total), values });
    const below = form(node.type) === 'offsets'
      ? parts.map((part, at) => part.values.val[lengths[at]] ?? 0)
      : lengths;
    for (const child of node.children) join(child, below);
  };
  for (const node of nodes) join(node, batches.map(batch => batch.rows));
  return { rows, columns };
}

function joinValidity(parts, lengths, total) {
  if (parts.every(part => part.validity === undefined)) return undefined;
  const bits = new Uint8Array(Math.ceil(total / 8));
  let at = 0;
  parts.forEach(({ validity }, part) => {
    for (let row = 0; row < lengths[part]; row += 1, at += 1) {
      const there = validity === undefined || ((validity[row >> 3] >> (row & 7)) & 1) === 1;
      if (there) bits[at >> 3] |= 1 << (at & 7);
    }
  });
  return bits;
}

function joinValues(parts, lengths, total) {
  const { tag } = parts[0];
  switch (tag) {
    case 'none': return { tag };
    case 'bits': {
      const bits = new Uint8Array(Math.ceil(total / 8));
      let at = 0;
      parts.forEach(({ val }, part) => {
        for (let row = 0; row < lengths[part]; row += 1, at += 1) bits[at >> 3] |= ((val[row >> 3] >> (row & 7)) & 1) << (at & 7);
      });
      return { tag, val: bits };
    }
    case 'spans': return { tag, val: { offsets: joinOffsets(parts.map(part => part.val.offsets), lengths, total), bytes: joinArrays(parts.map(part => part.val.bytes)) } };
    case 'offsets': return { tag, val: joinOffsets(parts.map(part => part.val), lengths, total) };
    default: return { tag, val: joinArrays(parts.map(part => part.val)) };
  }
}

function joinArrays(arrays) {
  const all = new arrays[0].constructor(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function joinOffsets(all, lengths, total) {
  const out = new Int32Array(total + 1);
  let [at, base] = [1, 0];
  all.forEach((offsets, part) => {
    for (let row = 1; row <= lengths[part]; row += 1, at += 1) out[at] = base + offsets[row];
    base = out[at - 1];
  });
  return out;
}

/** Columns that were read, as `batch` of `thalweg:module/types` has them. */
export function raw(read) {
  const columns = [];
  const add = (column, from, rows) => {
    const { node, validity, data, children, first } = column.parts;
    const [at, kind] = [first + from, form(node.type)];
    const bits = validity && sliceBits(validity, at, rows);
    if (kind === 'offsets') {
      const [begin, end] = [data[at] ?? 0, data[at + rows] ?? 0];
      columns.push({ validity: bits, values: { tag: kind, val: Int32Array.from(data.subarray(at, at + rows + 1), offset => offset - begin) } });
      for (const child of children) add(child, begin, end - begin);
      return;
    }
    columns.push({ validity: bits, values: sliceValues({ tag: kind, val: data }, node, at, rows) });
    for (const child of children) add(child, at, rows);
  };
  for (const column of read.columns) add(column, 0, read.rows);
  return { rows: read.rows, columns };
}
