;; What stands behind WASI in a module that Go compiled: nothing. Go's runtime asks for all of this when it starts, a
;; module may reach none of it: there are no arguments, no environment and no files, the clock stands still, randomness
;; is constant, and what is printed is dropped. To wait or to exit is a trap.
(module
  (import "env" "memory" (memory 0))

  ;; Sets two sizes to zero.
  (func $nothing (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))

  ;; Says that there is no such file (errno badf).
  (func $no_file (result i32) (i32.const 8))

  (func (export "args_sizes_get") (param i32 i32) (result i32)
    (call $nothing (local.get 0) (local.get 1)))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param i32 i32) (result i32)
    (call $nothing (local.get 0) (local.get 1)))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  ;; One second after 1970 began; Go takes 0 for a broken clock.
  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $time i32) (result i32)
    (i64.store (local.get $time) (i64.const 1000000000))
    (i32.const 0))

  (func (export "random_get") (param $bytes i32) (param $length i32) (result i32)
    (memory.fill (local.get $bytes) (i32.const 0) (local.get $length))
    (i32.const 0))

  ;; Takes all that is to be written and forgets it.
  (func (export "fd_write") (param $fd i32) (param $parts i32) (param $count i32) (param $written i32) (result i32)
    (local $total i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $count)))
        (local.set $total (i32.add (local.get $total) (i32.load offset=4 (local.get $parts))))
        (local.set $parts (i32.add (local.get $parts) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  (func (export "fd_close") (param i32) (result i32) (call $no_file))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (call $no_file))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (call $no_file))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (call $no_file))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (call $no_file))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (call $no_file))

  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "poll_oneoff") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "proc_exit") (param i32) unreachable))
