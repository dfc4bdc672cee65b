// Names of tables, and what the catalogue takes and gives, as a program writes and reads it.

import { sql, tree } from '../columns/schema.js';
import { invalid } from '../errors.js';

/** `table` or `database.table`. */
export function path(name) {
  const parts = typeof name === 'string' ? name.split('.') : [];
  if (parts.length < 1 || parts.length > 2 || parts.some(part => part === '')) {
    throw invalid(`${JSON.stringify(name)} is no table; write table or database.table`);
  }
  return parts.length === 2 ? { database: parts[0], table: parts[1] } : { database: 'fluss', table: parts[0] };
}

export const pathText = ({ database, table }) => `${database}.${table}`;

/** An object of texts as properties. */
export function properties(given = {}) {
  return Object.entries(given).map(([key, value]) => ({ key, value: String(value) }));
}

export const fromProperties = list => Object.fromEntries(list.map(({ key, value }) => [key, value]));

/** What the server says of a table, frozen. */
export function tableInfo(info) {
  const { descriptor, path: found, tableId, schemaId, created, modified } = info;
  const { schema } = descriptor;
  const key = new Set(schema.primaryKey);
  const columns = tree(schema).map((node, at) => ({
    name: node.name, type: sql(node), nullable: node.nullable, comment: descriptor.columnComments[at],
    aggregation: descriptor.aggregations[at]?.function,
  }));
  return Object.freeze({
    name: pathText(found), database: found.database, table: found.table, tableId, schemaId, columns,
    primaryKey: Array.from(schema.primaryKey, at => schema.fields[at].name),
    partitionBy: [...descriptor.partitionKeys], bucketBy: [...descriptor.bucketKeys], buckets: descriptor.bucketCount,
    comment: descriptor.comment, keyed: key.size > 0,
    properties: { ...fromProperties(descriptor.properties), ...fromProperties(descriptor.customProperties) },
    created: new Date(Number(created)), modified: new Date(Number(modified)),
  });
}
