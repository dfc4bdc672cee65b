// The types of the package: what every entry gives beside its own `connect`.

/** What a program may give for the values of a column. */
export type Values =
  | ArrayLike<unknown>
  | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array
  | Column;

/** An Apache Arrow table or record batch, as the package `apache-arrow` has them. */
export interface ArrowTable {
  readonly schema: { readonly fields: ReadonlyArray<{ readonly name: string }> };
  readonly numRows: number;
  getChild(name: string): unknown;
}

/** Rows: columns by name, a list of row objects, a batch, or an Apache Arrow table. */
export type Rows = Record<string, Values> | ReadonlyArray<Record<string, unknown>> | Batch | ArrowTable;

/** A value that was read: see the README for the form that each type has. */
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | Map<Value, Value> | { [name: string]: Value };
export type Row = { [name: string]: Value };

/** The values of one field of some rows. */
export class Column implements Iterable<Value> {
  private constructor();
  readonly name: string;
  /** As SQL, for example `BIGINT`. */
  readonly type: string;
  readonly length: number;
  /** How many rows are null. */
  readonly nulls: number;
  /** The numbers in the units of the type, with something in the place of each null; undefined for types without. */
  readonly values: Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array | undefined;
  isNull(row: number): boolean;
  get(row: number): Value | undefined;
  at(row: number): Value | undefined;
  slice(first?: number, end?: number): Column;
  toArray(): Value[];
  toJSON(): Value[];
  [Symbol.iterator](): IterableIterator<Value>;
}

/** Some rows: their columns by name. */
export class Batch implements Iterable<Row> {
  protected constructor();
  readonly rows: number;
  readonly names: string[];
  readonly columns: Column[];
  column(name: string): Column;
  row(at: number): Row | undefined;
  slice(first?: number, end?: number): Batch;
  select(names: string[]): Batch;
  toArray(): Row[];
  toJSON(): Row[];
  [Symbol.iterator](): IterableIterator<Row>;
}

export interface Bucket {
  partition?: bigint;
  bucket: number;
}

export type Change = '+A' | '+I' | '-U' | '+U' | '-D';

/** Rows of one bucket that a scan gives. */
export interface ScanBatch extends Batch {
  readonly bucket: Bucket;
  /** The offset of the first row; undefined for rows of keys. */
  readonly offset: bigint | undefined;
  /** Milliseconds since 1970; undefined where it is not known. */
  readonly timestamp: number | undefined;
  readonly changes: Change[];
  change(row: number): Change;
  offsetOf(row: number): bigint | undefined;
}

/** A fate of rows of a write. */
export type Fate = ({ first: number; rows?: undefined } | { rows: number[]; first?: undefined }) & { count: number } & (
  | { bucket: Bucket; offset: bigint | undefined; end: bigint; error?: undefined; mayHaveBeenWritten?: undefined }
  | { error: ThalwegError; mayHaveBeenWritten: boolean; bucket?: undefined; offset?: undefined; end?: undefined });

export interface Exception {
  module: string;
  kind: 'refused' | 'failed';
  policy: 'drop' | 'pass' | 'dead-letter' | 'fail';
  rows: Uint32Array;
  causes: Uint32Array;
  messages: string[];
}

/** What became of the rows of a write. */
export interface Outcome {
  readonly rows: number;
  readonly produced: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly fates: Fate[];
  readonly origins: Uint32Array | undefined;
  readonly filtered: { [module: string]: number };
  readonly dropped: number;
  readonly deadLettered: number;
  readonly exceptions: Exception[];
  readonly firstError: ThalwegError | undefined;
  /** Throws the first error, where a row failed. */
  check(): this;
}

/** What a lookup found. */
export interface Found extends Iterable<Row | null> {
  /** How many rows were found. */
  readonly found: number;
  readonly keys: number;
  readonly counts: Uint32Array;
  readonly rows: Batch;
  of(key: number): Batch;
  row(key?: number): Row | null;
}

export type Policy = 'fail' | 'drop' | 'pass' | { deadLetter: string };

export interface ModuleOptions {
  /** What it is called in errors. */
  name?: string;
  /** What becomes of rows that it refuses. Default `fail`. */
  onError?: Policy;
  /** What becomes of rows of calls that fail. Default `fail`. */
  onFailure?: Policy;
  log?(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** A module with its configuration and its policies. */
export interface Module {
  readonly name: string;
  describe(): Promise<{ summary: string; parameters: unknown }>;
}

/** A module that was made into JavaScript before. */
export interface MadeModule {
  instantiate(core: (name: string) => unknown, imports: object): unknown;
  /** Gives a core module by its file name. */
  core(name: string): WebAssembly.Module | Promise<WebAssembly.Module>;
}

export interface Abortable { signal?: AbortSignal }

export interface TableOptions extends Abortable {
  buckets?: number;
  primaryKey?: string | string[];
  partitionBy?: string | string[];
  bucketBy?: string | string[];
  properties?: { [key: string]: string | number | boolean };
  comment?: string;
  ifNotExists?: boolean;
  /** By column, the function of the aggregation merge engine. */
  aggregate?: { [column: string]: string | { function: string; parameters?: { [key: string]: string } } };
}

export type Place = number | bigint | Date;

export interface ScanOptions extends Abortable {
  /** Default: all columns. */
  columns?: string[];
  /** Default: all buckets. */
  buckets?: number | Bucket | Array<number | Bucket>;
  /** By name. Default: all partitions. */
  partitions?: string[];
  /** Default `earliest`. */
  start?: 'earliest' | 'latest' | Place | Array<Bucket & { offset: number | bigint }>;
  /** Default `latest`: behind the last row that is there when the scan begins. */
  end?: 'never' | 'latest' | Place;
  /** The scan has no end: it follows the table. */
  follow?: boolean;
  /** At most so many rows. */
  limit?: number;
  /** How many bytes of batches may be read ahead. Default 32 MiB. */
  buffer?: number;
  /** Modules that the rows go through. */
  through?: Module | Module[];
}

export interface Scan extends AsyncIterableIterator<ScanBatch>, AsyncDisposable {
  readonly tally: Outcome;
  readonly snapshot: bigint | undefined;
  close(): Promise<void>;
  toArray(): Promise<ScanBatch[]>;
  rows(): AsyncIterableIterator<Row>;
}

export interface CurrentScan extends AsyncIterableIterator<ScanBatch> {
  /** Where the changes of each bucket follow that was read. */
  readonly offsets: Array<Bucket & { offset: bigint }>;
  toArray(): Promise<ScanBatch[]>;
}

export interface TableInfo {
  readonly name: string;
  readonly database: string;
  readonly table: string;
  readonly tableId: bigint;
  readonly schemaId: number;
  readonly columns: ReadonlyArray<{ name: string; type: string; nullable: boolean; comment?: string; aggregation?: string }>;
  readonly primaryKey: readonly string[];
  readonly partitionBy: readonly string[];
  readonly bucketBy: readonly string[];
  readonly buckets: number | undefined;
  readonly comment: string | undefined;
  readonly keyed: boolean;
  readonly properties: { readonly [key: string]: string };
  readonly created: Date;
  readonly modified: Date;
}

export interface PartitionInfo { partitionId: bigint; name: string; values: { [column: string]: string } }
export interface BucketOffsets { bucket: Bucket; earliest: bigint; latest: bigint; rows: bigint | undefined }

/** One table. */
export interface Table {
  readonly info: TableInfo;
  readonly name: string;
  readonly keyed: boolean;
  readonly client: Client;
  through(...modules: Array<Module | Module[]>): Table;
  append(rows: Rows, options?: Abortable): Promise<Outcome>;
  /** All columns, or only `columns` (`'given'`: those that the rows have). */
  upsert(rows: Rows, options?: Abortable & { columns?: string[] | 'given' }): Promise<Outcome>;
  delete(keys: Rows, options?: Abortable): Promise<Outcome>;
  lookup(keys: Rows, options?: Abortable & { insert?: boolean }): Promise<Found>;
  prefixLookup(prefixes: Rows, options?: Abortable): Promise<Found>;
  scan(options?: ScanOptions): Scan;
  changelog(options?: ScanOptions): Scan;
  limitScan(limit: number, options?: Abortable & { bucket?: number; partition?: bigint; columns?: string[]; through?: Module | Module[] }): Scan;
  scanCurrent(options?: ScanOptions): CurrentScan;
  partitions(options?: Abortable): Promise<PartitionInfo[]>;
  createPartition(values: { [column: string]: string }, options?: Abortable & { ifNotExists?: boolean }): Promise<void>;
  dropPartition(values: { [column: string]: string }, options?: Abortable & { ifExists?: boolean }): Promise<void>;
  offsets(options?: Abortable): Promise<BucketOffsets[]>;
}

/** Settings of the engine; times in milliseconds, sizes in bytes. */
export interface Settings {
  connection?: {
    connectTimeout?: number; requestTimeout?: number; backoff?: number; backoffLimit?: number; frameLimit?: number;
    metadataAge?: number; commandTimeout?: number;
  };
  write?: {
    bufferLimit?: number; batchBytes?: number; batchRows?: number; linger?: number; requestBytes?: number; inFlight?: number;
    idempotent?: boolean; acks?: 'all' | 'leader' | 'none'; deliveryTimeout?: number; assignment?: 'sticky' | 'round-robin';
    createPartitions?: boolean;
  };
  scan?: {
    fetchBytes?: number; bucketBytes?: number; minBytes?: number; maxWait?: number; batchLimit?: number; partitionInterval?: number;
  };
  lookup?: { requestKeys?: number; inFlight?: number; misplaced?: boolean };
}

export interface ConnectOptions extends Settings, Abortable {
  /** The package `apache-arrow`, where it cannot be imported by its name. */
  arrow?: unknown;
  /**
   * Who logs in to every server (SASL/PLAIN). Without `insecure` the session fails rather than send the password beyond this
   * machine in clear text.
   */
  login?: { user: string; password: string; insecure?: boolean };
}

/** A session with a cluster. */
export interface Client extends AsyncDisposable {
  createTable(name: string, columns: string, options?: TableOptions): Promise<void>;
  table(name: string, options?: Abortable): Promise<Table>;
  /** A stock module by its name, a `.wasm` file or its bytes, or one that was made into JavaScript before. */
  module(source: string | URL | ArrayBuffer | ArrayBufferView | MadeModule, config?: object | string, options?: ModuleOptions): Promise<Module>;
  alterTable(name: string, options: Abortable & { set?: { [key: string]: string | number | boolean }; reset?: string[] }): Promise<void>;
  /** Adds columns at the end of a table, as `note STRING, score BIGINT`; each must be nullable. */
  addColumns(name: string, columns: string, options?: Abortable): Promise<void>;
  dropTable(name: string, options?: Abortable & { ifExists?: boolean }): Promise<void>;
  tables(database?: string, options?: Abortable): Promise<string[]>;
  tableInfo(name: string, options?: Abortable): Promise<TableInfo>;
  hasTable(name: string, options?: Abortable): Promise<boolean>;
  createDatabase(name: string, options?: Abortable & { comment?: string; properties?: { [key: string]: string }; ifNotExists?: boolean }): Promise<void>;
  dropDatabase(name: string, options?: Abortable & { ifExists?: boolean; cascade?: boolean }): Promise<void>;
  databases(options?: Abortable): Promise<string[]>;
  databaseInfo(name: string, options?: Abortable): Promise<{ name: string; comment?: string; properties: { [key: string]: string }; created: Date; modified: Date }>;
  offsets(name: string, options?: Abortable): Promise<BucketOffsets[]>;
  partitions(name: string, options?: Abortable): Promise<PartitionInfo[]>;
  createPartition(name: string, values: { [column: string]: string }, options?: Abortable & { ifNotExists?: boolean }): Promise<void>;
  dropPartition(name: string, values: { [column: string]: string }, options?: Abortable & { ifExists?: boolean }): Promise<void>;
  flush(): Promise<void>;
  statistics(): {
    rowsTaken: bigint; rowsAcknowledged: bigint; rowsFailed: bigint; rowsScanned: bigint; bytesSent: bigint; batchesSent: bigint;
    batchesRetried: bigint; buffered: bigint;
  };
  /** A batch as an Apache Arrow table. */
  toArrow(batch: Batch): Promise<ArrowTable>;
  /** Sends what is waiting; what has no fate after `timeout` milliseconds (default 10000) fails. */
  close(options?: { timeout?: number }): Promise<void>;
}

/** What every error of this package is. */
export class ThalwegError extends Error {
  readonly code: string;
  readonly retriable: boolean;
}
export class InvalidError extends ThalwegError {}
export class UnsupportedError extends ThalwegError {}
export class ClosedError extends ThalwegError {}
export class UnavailableError extends ThalwegError {}
export class TimeoutError extends ThalwegError {}
/** The session has a login, and others could read the password on the connection to a server: nothing was sent there. */
export class InsecureError extends ThalwegError {}
export class ServerError extends ThalwegError {
  readonly serverCode: number;
  readonly serverName: string;
}
export class CorruptError extends ThalwegError {}
export class ModuleError extends ThalwegError {}
export class EngineError extends ThalwegError {}

/** A row as JSON in the words of the `thalweg` command line. */
export function rowJson(row: Row): string;
