// What generated code calls before, during and after a call of a component, for components without asynchronous
// functions: a trap ends the instance, and no call begins while another one runs.

const TEXT_DECODER_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const INSTANCE_FLAGS = { set() {} };
const STATES = [];

class State {
  mayLeave = true;
  trap = null;
  busy = false;
  throwIfTrapped() {
    if (this.trap !== null) throw this.trap;
    if (this.busy) throw new Error('the component is called while it runs');
  }
  markTrapped(error) {
    if (this.trap === null) this.trap = error;
  }
}

function getOrCreateAsyncState(index) {
  return STATES[index] ?? (STATES[index] = new State());
}

class Task {
  #index;
  #state;
  #exited = false;
  constructor(index) {
    this.#index = index;
    this.#state = index < 0 ? null : getOrCreateAsyncState(index);
  }
  id() { return 0; }
  componentIdx() { return this.#index; }
  enterSync() {
    if (this.#state !== null) this.#state.busy = true;
    return true;
  }
  isResolvedState() { return true; }
  isExited() { return this.#exited; }
  setErrored() {}
  reject() {}
  exit() {
    this.#exited = true;
    if (this.#state !== null) this.#state.busy = false;
  }
}

function createNewCurrentTask(call) {
  return [new Task(call.componentIdx), 0];
}

function _withGlobalCurrentTaskMeta(call) {
  return call.fn();
}

function _getGlobalCurrentTaskMeta() {}

function getCurrentTask() {}

function _trackHostOperation(operation) {
  return operation();
}

function _checkMayLeave(index) {
  if (!getOrCreateAsyncState(index).mayLeave) throw new WebAssembly.RuntimeError('cannot leave component instance');
}

function _guardMayLeave(index, operation) {
  return function (...args) {
    _checkMayLeave(index);
    return operation(...args);
  };
}
