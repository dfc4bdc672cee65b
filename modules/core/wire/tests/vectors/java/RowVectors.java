// Prints rows and keys of every type as the classes of Fluss 0.9.1 write them: `../row-vectors.tsv`.

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.fluss.metadata.KvFormat;
import org.apache.fluss.row.BinaryRow;
import org.apache.fluss.row.BinaryString;
import org.apache.fluss.row.Decimal;
import org.apache.fluss.row.GenericArray;
import org.apache.fluss.row.GenericMap;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.TimestampLtz;
import org.apache.fluss.row.TimestampNtz;
import org.apache.fluss.row.encode.CompactedKeyEncoder;
import org.apache.fluss.row.encode.KeyEncoder;
import org.apache.fluss.row.encode.RowEncoder;
import org.apache.fluss.row.encode.iceberg.IcebergKeyEncoder;
import org.apache.fluss.row.encode.paimon.PaimonKeyEncoder;
import org.apache.fluss.types.*;

public class RowVectors {
    static final Random RANDOM = new Random(7);

    /** Java leaves old bytes in the slots of nulls where a writer is used again: then only reading can be compared. */
    static boolean stale;

    static final List<DataType> SCALARS = List.of(
            DataTypes.BOOLEAN(), DataTypes.TINYINT(), DataTypes.SMALLINT(), DataTypes.INT(), DataTypes.BIGINT(),
            DataTypes.FLOAT(), DataTypes.DOUBLE(), DataTypes.DECIMAL(5, 2), DataTypes.DECIMAL(18, 0),
            DataTypes.DECIMAL(19, 19), DataTypes.DECIMAL(38, 10), DataTypes.CHAR(8), DataTypes.STRING(),
            DataTypes.BINARY(3), DataTypes.BINARY(9), DataTypes.BYTES(), DataTypes.DATE(), DataTypes.TIME(0),
            DataTypes.TIME(3), DataTypes.TIME(6), DataTypes.TIME(9), DataTypes.TIMESTAMP(0), DataTypes.TIMESTAMP(3),
            DataTypes.TIMESTAMP(4), DataTypes.TIMESTAMP(6), DataTypes.TIMESTAMP(9), DataTypes.TIMESTAMP_LTZ(0),
            DataTypes.TIMESTAMP_LTZ(1), DataTypes.TIMESTAMP_LTZ(6), DataTypes.TIMESTAMP_LTZ(9));

    public static void main(String[] arguments) {
        System.out.println("format\tcheck\tcolumns\tvalues\thex");
        for (DataType type : SCALARS) {
            for (Object value : edges(type)) {
                row(List.of(type), value);
                key(List.of(type.copy(false)), value);
            }
            row(List.of(type, DataTypes.INT(), type.copy(false)), null, null, edges(type).get(1));
            List<Object> elements = new ArrayList<>(edges(type));
            row(List.of(DataTypes.ARRAY(type.copy(false))), array(elements));
            elements.add(1, null);
            row(List.of(DataTypes.ARRAY(type)), array(elements));
            row(List.of(DataTypes.ARRAY(type)), array(List.of()));
            row(List.of(DataTypes.MAP(DataTypes.STRING().copy(false), type)), map("k", elements));
        }
        DataType integers = DataTypes.ARRAY(DataTypes.INT());
        List<Object> many = IntStream.range(0, 70).mapToObj(n -> n % 31 == 0 ? null : (Object) n).collect(Collectors.toList());
        row(List.of(integers), array(many));
        row(List.of(DataTypes.ARRAY(integers)), array(List.of(array(many), array(List.of()), array(Arrays.asList(1, null)))));
        row(IntStream.range(0, 20).mapToObj(n -> DataTypes.INT()).collect(Collectors.toList()),
                IntStream.range(0, 20).mapToObj(n -> n % 3 == 0 ? null : (Object) n).toArray());
        // Only Paimon has nulls in keys, and a second word of null bits from 57 columns on.
        for (int columns : new int[] {1, 56, 57}) {
            List<DataType> types = IntStream.range(0, columns).mapToObj(n -> DataTypes.STRING()).collect(Collectors.toList());
            Object[] values = IntStream.range(0, columns).mapToObj(n -> n % 4 == 0 ? null : text("v" + n)).toArray();
            print("key-paimon", types, values, new PaimonKeyEncoder(rowType(types), names(types)).encodeKey(GenericRow.of(values)));
        }
        for (int n = 0; n < 120; n++) {
            List<DataType> types = new ArrayList<>();
            for (int field = RANDOM.nextInt(6); field >= 0; field--) {
                types.add(type(3));
            }
            row(types, types.stream().map(type -> value(type, 0)).toArray());
            List<DataType> keys = new ArrayList<>();
            for (int field = RANDOM.nextInt(4); field >= 0; field--) {
                keys.add(SCALARS.get(RANDOM.nextInt(SCALARS.size())).copy(false));
            }
            key(keys, keys.stream().map(type -> value(type, 0)).toArray());
        }
    }

    static void row(List<DataType> types, Object... values) {
        for (KvFormat format : KvFormat.values()) {
            RowEncoder encoder = RowEncoder.create(format, types.toArray(new DataType[0]));
            encoder.startNewRow();
            for (int field = 0; field < values.length; field++) {
                encoder.encodeField(field, values[field]);
            }
            BinaryRow row = encoder.finishRow();
            byte[] bytes = new byte[row.getSizeInBytes()];
            row.copyTo(bytes, 0);
            print(format.name().toLowerCase(), types, values, bytes);
        }
        stale = false;
    }

    static void key(List<DataType> types, Object... values) {
        List<String> names = names(types);
        RowType rowType = rowType(types);
        GenericRow row = GenericRow.of(values);
        print("key-compacted", types, values, CompactedKeyEncoder.createKeyEncoder(rowType, names).encodeKey(row));
        print("key-paimon", types, values, new PaimonKeyEncoder(rowType, names).encodeKey(row));
        KeyEncoder iceberg;
        try {
            iceberg = new IcebergKeyEncoder(rowType, names);
        } catch (IllegalArgumentException refused) {
            return;
        }
        print("key-iceberg", types, values, iceberg.encodeKey(row));
    }

    static List<String> names(List<DataType> types) {
        return IntStream.range(0, types.size()).mapToObj(n -> "c" + n).collect(Collectors.toList());
    }

    static RowType rowType(List<DataType> types) {
        return RowType.of(types.toArray(new DataType[0]), names(types).toArray(new String[0]));
    }

    static void print(String format, List<DataType> types, Object[] values, byte[] bytes) {
        String columns = IntStream.range(0, types.size()).mapToObj(n -> "c" + n + " " + types.get(n).asSummaryString())
                .collect(Collectors.joining(", "));
        String json = IntStream.range(0, types.size()).mapToObj(n -> "\"c" + n + "\":" + Text.json(types.get(n), values[n]))
                .collect(Collectors.joining(",", "{", "}"));
        System.out.println(format + "\t" + (stale ? "read" : "both") + "\t" + columns + "\t" + json + "\t" + Text.hex(bytes));
    }

    /** Any type, with at most so many levels. */
    static DataType type(int levels) {
        DataType type = SCALARS.get(RANDOM.nextInt(SCALARS.size()));
        switch (levels == 0 ? 9 : RANDOM.nextInt(7)) {
            case 0:
                type = DataTypes.ARRAY(type(levels - 1));
                break;
            case 1:
                DataType key = RANDOM.nextBoolean() ? DataTypes.STRING() : DataTypes.INT();
                type = DataTypes.MAP(key.copy(false), type(levels - 1));
                break;
            case 2:
                DataField[] fields = IntStream.range(0, 1 + RANDOM.nextInt(10))
                        .mapToObj(n -> DataTypes.FIELD("f" + n, type(levels - 1))).toArray(DataField[]::new);
                type = DataTypes.ROW(fields);
                break;
            default:
        }
        return type.copy(RANDOM.nextInt(4) > 0);
    }

    /** Any value; `containers` is how many arrays and maps it lies in. */
    static Object value(DataType type, int containers) {
        if (type.isNullable() && RANDOM.nextInt(4) == 0) {
            stale |= containers > 1;
            return null;
        }
        if (type instanceof ArrayType) {
            DataType element = ((ArrayType) type).getElementType();
            return array(IntStream.range(0, RANDOM.nextInt(4)).mapToObj(n -> value(element, containers + 1))
                    .collect(Collectors.toList()));
        }
        if (type instanceof MapType) {
            MapType map = (MapType) type;
            Map<Object, Object> entries = new LinkedHashMap<>();
            for (int n = RANDOM.nextInt(4); n > 0; n--) {
                Object key = map.getKeyType() instanceof IntType ? (Object) (n * 1000) : text("key" + n);
                entries.put(key, value(map.getValueType(), containers + 1));
            }
            return new GenericMap(entries);
        }
        if (type instanceof RowType) {
            return GenericRow.of(((RowType) type).getFieldTypes().stream().map(field -> value(field, containers)).toArray());
        }
        List<Object> edges = edges(type);
        return edges.get(RANDOM.nextInt(edges.size()));
    }

    static GenericArray array(List<Object> elements) {
        return new GenericArray(elements.toArray());
    }

    static GenericMap map(String prefix, List<Object> values) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        for (int n = 0; n < values.size(); n++) {
            entries.put(text(prefix + n), values.get(n));
        }
        return new GenericMap(entries);
    }

    static BinaryString text(String text) {
        return BinaryString.fromString(text);
    }

    /** Values at the limits of a type, and some between. */
    static List<Object> edges(DataType type) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return List.of(true, false);
            case TINYINT:
                return List.of((byte) 0, (byte) -1, Byte.MAX_VALUE, Byte.MIN_VALUE);
            case SMALLINT:
                return List.of((short) 0, (short) -1, Short.MAX_VALUE, Short.MIN_VALUE);
            case INTEGER:
                return List.of(0, 127, 128, -1, Integer.MAX_VALUE, Integer.MIN_VALUE);
            case DATE:
                return List.of(0, 19675, -1, Integer.MAX_VALUE, Integer.MIN_VALUE);
            case BIGINT:
                return List.of(0L, 16384L, -1L, Long.MAX_VALUE, Long.MIN_VALUE);
            case FLOAT:
                return List.of(0f, -0f, 1.5f, Float.MIN_VALUE, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.NaN);
            case DOUBLE:
                return List.of(0d, -0d, 1.5d, Double.MIN_VALUE, Double.MAX_VALUE, Double.POSITIVE_INFINITY, Double.NaN);
            case CHAR:
                return List.of(text(""), text("abc"), text("naïve"), text("12345678"));
            case STRING:
                return List.of(text(""), text("1234567"), text("12345678"), text("naïve café 中文 😀"), text("x".repeat(200)));
            case BINARY:
                return List.of(bytes(((BinaryType) type).getLength(), 1), bytes(((BinaryType) type).getLength(), 0xf7));
            case BYTES:
                return List.of(bytes(0, 0), bytes(7, 0xf0), bytes(8, 0), bytes(130, 5));
            case DECIMAL:
                return decimals((DecimalType) type);
            case TIME_WITHOUT_TIME_ZONE:
                return ((TimeType) type).getPrecision() == 0 ? List.of(0, 1_000, 86_399_000) : List.of(0, 1, 86_399_999);
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return instants(((TimestampType) type).getPrecision()).stream()
                        .map(at -> TimestampNtz.fromMillis(at[0], (int) at[1])).collect(Collectors.toList());
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return instants(((LocalZonedTimestampType) type).getPrecision()).stream()
                        .map(at -> TimestampLtz.fromEpochMillis(at[0], (int) at[1])).collect(Collectors.toList());
            default:
                throw new IllegalArgumentException(type.toString());
        }
    }

    static List<Object> decimals(DecimalType type) {
        BigInteger most = BigInteger.TEN.pow(type.getPrecision()).subtract(BigInteger.ONE);
        return List.of(BigInteger.ZERO, BigInteger.valueOf(128), BigInteger.valueOf(-129), most, most.negate()).stream()
                .map(digits -> new BigDecimal(digits, type.getScale()))
                .map(number -> Decimal.fromBigDecimal(number, type.getPrecision(), type.getScale()))
                .collect(Collectors.toList());
    }

    /** Milliseconds and nanoseconds that Arrow's unit for a precision can say. */
    static List<long[]> instants(int precision) {
        if (precision == 0) {
            return List.of(new long[] {0, 0}, new long[] {-1_000, 0}, new long[] {253_402_300_799_000L, 0});
        }
        if (precision <= 3) {
            return List.of(new long[] {0, 0}, new long[] {-1, 0}, new long[] {Long.MAX_VALUE, 0}, new long[] {Long.MIN_VALUE, 0});
        }
        long most = Long.MAX_VALUE / (precision <= 6 ? 1_000 : 1_000_000);
        int nanos = precision <= 6 ? 999_000 : 999_999;
        return List.of(new long[] {0, 0}, new long[] {-1, nanos}, new long[] {1_700_000_000_123L, 1_000},
                new long[] {most - 1, nanos}, new long[] {-most, 0});
    }

    static byte[] bytes(int length, int first) {
        byte[] bytes = new byte[length];
        for (int n = 0; n < length; n++) {
            bytes[n] = (byte) (first + n);
        }
        return bytes;
    }
}
