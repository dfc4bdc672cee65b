// What makes a module in JavaScript short: the configuration by its keys, columns by their names, and the answers.
// Types go by their names in the contract (wit/module/types.wit): "int", "double", "text", ...

import log from "thalweg:module/log@1.0.0";

/** The case of `values` that holds a column of each flat type with one value a row. */
const CASES = {
  boolean: "bits", tinyint: "int8", smallint: "int16", int: "int32", bigint: "int64", float: "float32",
  double: "float64", text: "spans", bytes: "spans", date: "int32",
};

/** What `open` throws when the key of the configuration is wrong. */
export const invalidConfig = (key, expected) => ({ tag: "invalid-config", val: [key, expected] });

/** What `open` throws when the input lacks a column, or has it with another type. */
export const unsuitableInput = (missing) => ({ tag: "unsuitable-input", val: missing });

/**
 * The `transform` that a module exports. `summary` says what it does, `parameters` has a JSON Schema for each key of its
 * configuration (with `default`, or it must be given), `open(plan, settings)` says which columns it reads and writes and
 * returns the function that answers a batch.
 */
export function module({ summary, parameters = {}, open }) {
  let apply;
  return {
    describe: logged(() => description(summary, parameters)),
    open: logged((context) => {
      const plan = new Plan(context);
      apply = open(plan, configuration(context, parameters));
      return plan.finish();
    }),
    apply: logged((batch) => apply(batch)),
  };
}

/** Logs an error that nobody meant: it ends the instance, and the host then names the message as the cause. */
const logged = (call) => (argument) => {
  try {
    return call(argument);
  } catch (error) {
    if (error instanceof Error) log.write("error", `${error.name}: ${error.message}`);
    throw error;
  }
};

/** What the module is, with its configuration as a JSON Schema. */
export function description(summary, parameters) {
  const required = Object.keys(parameters).filter((key) => parameters[key].default === undefined);
  const schema = { type: "object", properties: parameters, required, additionalProperties: false };
  return { summary, parameters: JSON.stringify(schema) };
}

/** The configuration: the keys of `parameters`, checked for their `type`, with defaults. */
export function configuration(context, parameters) {
  const given = JSON.parse(context.config);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(parameters, key));
  if (unknown !== undefined) {
    throw invalidConfig(unknown, `there is no such key; there are: ${Object.keys(parameters).join(", ") || "none"}`);
  }
  const values = {};
  for (const [key, parameter] of Object.entries(parameters)) {
    const value = given[key] ?? parameter.default;
    const fits = parameter.type === "integer" ? Number.isSafeInteger(value) : typeof value === parameter.type;
    if (!fits) throw invalidConfig(key, `must be a value of type ${parameter.type}`);
    values[key] = value;
  }
  return values;
}

/** Which columns a module reads and writes, and the answers that fit. */
export class Plan {
  /** "one" for a module that must see all batches in order. */
  instances = "any";
  #input;
  #reads = [];
  #fields = new Map();
  /** The names of the written columns in the order of the output. */
  #written = [];

  constructor(context) {
    this.#input = context.input;
  }

  #find(name) {
    return this.#input.columns.findIndex((field) => this.#input.fields[field].name === name);
  }

  /** Reads a column of one of the types; what comes back is its place for `column`. */
  read(name, ...types) {
    const place = this.#find(name);
    if (place < 0) throw unsuitableInput(`there is no column ${name}`);
    const { tag } = this.#input.fields[this.#input.columns[place]].dataType;
    if (!types.includes(tag)) throw unsuitableInput(`column ${name} is ${tag}, but ${types.join(" or ")} is expected`);
    return this.#reads.push(place) - 1;
  }

  /** Writes a column: in place of the one of that name, or behind the last. */
  write(name, type, nullable = true) {
    this.#fields.set(name, { name, dataType: { tag: type }, nullable });
  }

  /** As `open` returns it. */
  finish() {
    const instances = this.instances;
    if (this.#fields.size === 0) return { reads: this.#reads, output: null, instances };
    const { fields, columns } = { fields: [...this.#input.fields], columns: [...this.#input.columns] };
    for (const [name, field] of this.#fields) {
      const place = this.#find(name);
      if (place < 0) columns.push(fields.push(field) - 1);
      else if (fields[columns[place]].dataType.tag in CASES) fields[columns[place]] = field;
      else throw unsuitableInput(`column ${name} is ${fields[columns[place]].dataType.tag}, which cannot be replaced`);
    }
    const names = columns.map((field) => fields[field].name);
    this.#written = names.filter((name) => this.#fields.has(name));
    const sources = names.map((name, place) => (this.#fields.has(name) ? { tag: "written" } : { tag: "input", val: place }));
    return { reads: this.#reads, output: [{ ...this.#input, fields, columns }, sources], instances };
  }

  /**
   * The answer of a map: the rows that `keep` has a `true` for (`null` keeps all), with a value a row for each written
   * column by its name.
   */
  replaced(keep, values, refusals) {
    const columns = this.#written.map((name) => written(this.#fields.get(name).dataType.tag, values[name]));
    const selection = keep === null ? { tag: "all" } : { tag: "rows", val: bitmap(keep) };
    return { outcome: { tag: "replaced", val: [selection, columns] }, refused: refusals?.finish() ?? null };
  }
}

/** The answer of a filter: the rows that `keep` has a `true` for. */
export function kept(keep, refusals) {
  return { outcome: { tag: "kept", val: { tag: "rows", val: bitmap(keep) } }, refused: refusals?.finish() ?? null };
}

/** A column of a batch, at the place that `read` gave. */
export function column(batch, place) {
  return new Column(batch.columns[place]);
}

class Column {
  #validity;

  constructor({ validity, values }) {
    this.#validity = validity;
    /** The values in the contract's layout; of numbers a plain array, where a null's place may hold anything. */
    this.values = values.val;
    this.get = GET[values.tag] ?? (() => { throw new Error(`values of kind ${values.tag} must be read from .values`); });
  }

  /** Whether the row is null. */
  isNull(row) {
    return this.#validity !== null && ((this.#validity[row >> 3] >> (row & 7)) & 1) === 0;
  }

  /** The text of a row that is not null. */
  text(row) {
    return utf8(this.get(row));
  }
}

/** How the value of a row that is not null is got, by the case of `values`. */
const number = function (row) { return this.values[row]; };
const GET = {
  bits(row) { return ((this.values[row >> 3] >> (row & 7)) & 1) === 1; },
  int8: number, int16: number, int32: number, int64: number, float32: number, float64: number,
  spans(row) { return this.values.bytes.subarray(this.values.offsets[row], this.values.offsets[row + 1]); },
};

/** Booleans as a bitmap, the least significant bit of the first byte first. */
export function bitmap(booleans) {
  const bits = new Uint8Array((booleans.length + 7) >> 3);
  for (let row = 0; row < booleans.length; row += 1) if (booleans[row]) bits[row >> 3] |= 1 << (row & 7);
  return bits;
}

/** A written column from a value a row; `null` is a null. */
export function written(type, values) {
  const present = values.map((value) => value !== null);
  const validity = present.includes(false) ? bitmap(present) : null;
  const tag = CASES[type];
  if (tag === "bits") return { validity, values: { tag, val: bitmap(values) } };
  if (tag === "spans") return { validity, values: { tag, val: spans(values) } };
  return { validity, values: { tag, val: validity === null ? values : values.map((value) => value ?? 0) } };
}

function spans(values) {
  const parts = values.map((value) => (typeof value === "string" ? encode(value) : value ?? []));
  const offsets = [0];
  for (const part of parts) offsets.push(offsets.at(-1) + part.length);
  const bytes = new Uint8Array(offsets.at(-1));
  parts.forEach((part, row) => bytes.set(part, offsets[row]));
  return { offsets, bytes };
}

/** Rows that the module refuses, each with a reason. */
export class Refusals {
  #rows = [];
  #causes = [];
  #messages = new Map();

  /** Refuses a row; rows come rising. */
  push(row, message) {
    if (!this.#messages.has(message)) this.#messages.set(message, this.#messages.size);
    this.#rows.push(row);
    this.#causes.push(this.#messages.get(message));
  }

  finish() {
    return this.#rows.length === 0 ? null
      : { rows: this.#rows, causes: this.#causes, messages: [...this.#messages.keys()] };
  }
}

// QuickJS has no TextDecoder and no TextEncoder; these two do the same through what it has.

/** Bytes as text; that they are UTF-8 is checked by the host. */
export function utf8(bytes) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 1024) binary += String.fromCharCode(...bytes.subarray(at, at + 1024));
  return decodeURIComponent(escape(binary));
}

function encode(text) {
  const binary = unescape(encodeURIComponent(text.toWellFormed()));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
