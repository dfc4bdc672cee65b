// What every entry of the package gives beside `connect`.

export {
  ThalwegError, InvalidError, UnsupportedError, ClosedError, UnavailableError, TimeoutError, ServerError, InsecureError, CorruptError,
  ModuleError, EngineError,
} from './errors.js';
export { Batch, Column } from './columns/read.js';
export { json as rowJson } from './columns/json.js';
