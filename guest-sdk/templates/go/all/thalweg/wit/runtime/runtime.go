// Package runtime gives the bindings memory that stays where it is while it crosses the module's boundary.
package runtime

import (
	"runtime"
	"unsafe"
)

// What the host has written for the call that begins.
var arguments runtime.Pinner

// Allocate gives memory that stays in place until the pinner lets go. It is aligned for every type of the contract.
func Allocate(pinner *runtime.Pinner, size, _ uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	memory := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(memory)
	return memory
}

// Unpin leaves a call's arguments to the garbage collector, once they are held as Go's values.
func Unpin() {
	arguments.Unpin()
}

// The host calls this for memory to write arguments to.
//
//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	memory := Allocate(&arguments, size, align)
	if kept := min(oldSize, size); kept > 0 {
		copy(unsafe.Slice((*byte)(memory), kept), unsafe.Slice((*byte)(old), kept))
	}
	return memory
}
