package thalweg

import (
	"unsafe"

	"thalweg/bindings/thalweg_module_types"
	"thalweg/wit/types"
)

// Native is a type of Go that has the values of a flat column type: bool of BOOLEAN, int8 of TINYINT, int16 of SMALLINT,
// int32 of INT, int64 of BIGINT, float32 of FLOAT, float64 of DOUBLE, string of STRING.
type Native interface {
	bool | int8 | int16 | int32 | int64 | float32 | float64 | string
}

func dataType[T Native]() thalweg_module_types.DataType {
	switch any(*new(T)).(type) {
	case bool:
		return thalweg_module_types.MakeDataTypeBoolean()
	case int8:
		return thalweg_module_types.MakeDataTypeTinyint()
	case int16:
		return thalweg_module_types.MakeDataTypeSmallint()
	case int32:
		return thalweg_module_types.MakeDataTypeInt()
	case int64:
		return thalweg_module_types.MakeDataTypeBigint()
	case float32:
		return thalweg_module_types.MakeDataTypeFloat()
	case float64:
		return thalweg_module_types.MakeDataTypeDouble()
	default:
		return thalweg_module_types.MakeDataTypeText()
	}
}

func typeName(of thalweg_module_types.DataType) string {
	names := [...]string{"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE"}
	if tag := int(of.Tag()); tag < len(names) {
		return names[tag]
	}
	return "STRING"
}

// Whether a column of that type has no children, so that another may stand in its place.
func isFlat(of thalweg_module_types.DataType) bool {
	switch of.Tag() {
	case thalweg_module_types.DataType_Array, thalweg_module_types.DataType_Dictionary, thalweg_module_types.DataType_Row:
		return false
	default:
		return true
	}
}

// Bits has a bit a row, the least significant of the first byte first. No Bits at all stand for set ones.
type Bits []byte

// NewBits has no bit set.
func NewBits(rows uint32) Bits {
	return make(Bits, (rows+7)/8)
}

// Set sets the bit of a row.
func (bits Bits) Set(row int) {
	bits[row>>3] |= 1 << (row & 7)
}

// At is the bit of a row.
func (bits Bits) At(row int) bool {
	return bits == nil || bits[row>>3]>>(row&7)&1 == 1
}

// Of is the column's values in a batch, and which of them are no nulls. A null's place may hold anything.
func (input Input[T]) Of(batch Batch) (values []T, valid Bits) {
	column := batch.Columns[input.place]
	if column.Validity.Tag() == types.OptionSome {
		valid = column.Validity.Some()
	}
	return unpack(column.Values, int(batch.Rows)).([]T), valid
}

func unpack(values thalweg_module_types.Values, rows int) any {
	switch values.Tag() {
	case thalweg_module_types.Values_Bits:
		unpacked, bits := make([]bool, rows), Bits(values.Bits())
		for row := range unpacked {
			unpacked[row] = bits.At(row)
		}
		return unpacked
	case thalweg_module_types.Values_Int8:
		return values.Int8()
	case thalweg_module_types.Values_Int16:
		return values.Int16()
	case thalweg_module_types.Values_Int32:
		return values.Int32()
	case thalweg_module_types.Values_Int64:
		return values.Int64()
	case thalweg_module_types.Values_Float32:
		return values.Float32()
	case thalweg_module_types.Values_Float64:
		return values.Float64()
	default:
		return texts(values.Spans(), rows)
	}
}

// The texts lie where the host wrote them; they hold no copies.
func texts(spans thalweg_module_types.Spans, rows int) []string {
	unpacked := make([]string, rows)
	all := unsafe.String(unsafe.SliceData(spans.Bytes), len(spans.Bytes))
	for row := range unpacked {
		unpacked[row] = all[spans.Offsets[row]:spans.Offsets[row+1]]
	}
	return unpacked
}

// Written is a column as an answer carries it.
type Written struct {
	name   string
	column thalweg_module_types.Column
}

// Column is the column with a value a row. valid says which are no nulls; nil means that none is.
func (output Output[T]) Column(values []T, valid Bits) Written {
	column := thalweg_module_types.Column{Validity: types.None[[]uint8](), Values: pack(values)}
	if valid != nil {
		column.Validity = types.Some([]uint8(valid))
	}
	return Written{output.name, column}
}

func pack(values any) thalweg_module_types.Values {
	switch values := values.(type) {
	case []bool:
		bits := NewBits(uint32(len(values)))
		for row, value := range values {
			if value {
				bits.Set(row)
			}
		}
		return thalweg_module_types.MakeValuesBits(bits)
	case []int8:
		return thalweg_module_types.MakeValuesInt8(values)
	case []int16:
		return thalweg_module_types.MakeValuesInt16(values)
	case []int32:
		return thalweg_module_types.MakeValuesInt32(values)
	case []int64:
		return thalweg_module_types.MakeValuesInt64(values)
	case []float32:
		return thalweg_module_types.MakeValuesFloat32(values)
	case []float64:
		return thalweg_module_types.MakeValuesFloat64(values)
	case []string:
		return thalweg_module_types.MakeValuesSpans(spans(values))
	default:
		panic("no Native type")
	}
}

func spans(values []string) thalweg_module_types.Spans {
	spans := thalweg_module_types.Spans{Offsets: make([]int32, 1, len(values)+1)}
	for _, value := range values {
		spans.Bytes = append(spans.Bytes, value...)
		spans.Offsets = append(spans.Offsets, int32(len(spans.Bytes)))
	}
	return spans
}
