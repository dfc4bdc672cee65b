// Schemas as trees: a node a field, its children below it, in the order in which their columns stand.

const NAMES = {
  boolean: 'BOOLEAN', tinyint: 'TINYINT', smallint: 'SMALLINT', int: 'INT', bigint: 'BIGINT', float: 'FLOAT',
  double: 'DOUBLE', text: 'STRING', bytes: 'BYTES', date: 'DATE',
};

/** The type of a node as SQL says it. */
export function sql({ type, children }) {
  const { tag, val } = type;
  switch (tag) {
    case 'decimal': return `DECIMAL(${val[0]}, ${val[1]})`;
    case 'fixed-text': return `CHAR(${val})`;
    case 'fixed-bytes': return `BINARY(${val})`;
    case 'time': return `TIME(${val})`;
    case 'timestamp': return `TIMESTAMP(${val})`;
    case 'timestamp-ltz': return `TIMESTAMP_LTZ(${val})`;
    case 'array': return `ARRAY<${sql(children[0])}>`;
    case 'dictionary': return `MAP<${sql(children[0])}, ${sql(children[1])}>`;
    case 'row': return `ROW<${children.map(child => `${child.name} ${sql(child)}`).join(', ')}>`;
    case 'other': return val;
    default: return NAMES[tag] ?? tag;
  }
}

const positions = type => {
  switch (type.tag) {
    case 'array': return [type.val];
    case 'dictionary': case 'row': return Array.from(type.val);
    default: return [];
  }
};

/** A field with its children. */
export function node(fields, at) {
  const { name, dataType, nullable } = fields[at];
  return { name, type: dataType, nullable, children: positions(dataType).map(child => node(fields, child)) };
}

/** The top-level fields of a schema. */
export const tree = ({ fields, columns }) => Array.from(columns, at => node(fields, at));

/** The schema of these nodes; `key` names the columns of its primary key. */
export function schema(nodes, key = []) {
  const fields = [];
  const add = ({ name, type, nullable, children }) => {
    const at = fields.length;
    fields.push({ name, dataType: type, nullable });
    const below = children.map(add);
    const val = type.tag === 'array' ? below[0] : type.tag === 'row' ? Uint32Array.from(below) : below;
    if (below.length > 0 || type.tag === 'row') fields[at].dataType = { tag: type.tag, val };
    return at;
  };
  const columns = nodes.map(add);
  const primaryKey = key.map(name => columns[nodes.findIndex(node => node.name === name)]);
  return { fields, columns: Uint32Array.from(columns), primaryKey: Uint32Array.from(primaryKey) };
}

/** How many columns a node has, with its children. */
export const width = ({ children }) => children.reduce((sum, child) => sum + width(child), 1);

/** The number of digits behind the second that the units of a time have: 0, 3, 6 or 9. */
export const digits = precision => (precision === 0 ? 0 : precision <= 3 ? 3 : precision <= 6 ? 6 : 9);

/** Whether the values of a type are 64 bits wide. */
export const wide = ({ tag, val }) =>
  tag === 'bigint' || tag === 'timestamp' || tag === 'timestamp-ltz' || (tag === 'time' && val > 3);
