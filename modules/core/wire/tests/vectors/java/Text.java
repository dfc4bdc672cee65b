// Values as text: `RowVectors.java`.

import java.math.BigInteger;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.fluss.row.Decimal;
import org.apache.fluss.row.GenericArray;
import org.apache.fluss.row.GenericMap;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.TimestampLtz;
import org.apache.fluss.row.TimestampNtz;
import org.apache.fluss.types.*;

class Text {
    /** A value as arrow-json reads it: times as numbers in Arrow's unit, bytes in hex. */
    static String json(DataType type, Object value) {
        if (value == null) {
            return "null";
        }
        switch (type.getTypeRoot()) {
            case CHAR:
            case STRING:
                return "\"" + value + "\"";
            case BINARY:
            case BYTES:
                return "\"" + hex((byte[]) value) + "\"";
            case FLOAT:
            case DOUBLE:
                String number = value.toString();
                return Character.isLetter(number.charAt(number.length() - 1)) || number.endsWith("Infinity")
                        ? "\"" + number.replace("Infinity", "inf") + "\"" : number;
            case DECIMAL:
                return "\"" + ((Decimal) value).toBigDecimal().toPlainString() + "\"";
            case TIME_WITHOUT_TIME_ZONE:
                return inUnit((int) value, 0, ((TimeType) type).getPrecision());
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                TimestampNtz local = (TimestampNtz) value;
                return inUnit(local.getMillisecond(), local.getNanoOfMillisecond(), ((TimestampType) type).getPrecision());
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                TimestampLtz instant = (TimestampLtz) value;
                return inUnit(instant.getEpochMillisecond(), instant.getNanoOfMillisecond(),
                        ((LocalZonedTimestampType) type).getPrecision());
            case ARRAY:
                DataType element = ((ArrayType) type).getElementType();
                return Arrays.stream(((GenericArray) value).toObjectArray()).map(one -> json(element, one))
                        .collect(Collectors.joining(",", "[", "]"));
            case MAP:
                Object[] keys = ((GenericArray) ((GenericMap) value).keyArray()).toObjectArray();
                Object[] values = ((GenericArray) ((GenericMap) value).valueArray()).toObjectArray();
                return IntStream.range(0, keys.length)
                        .mapToObj(n -> "\"" + keys[n] + "\":" + json(((MapType) type).getValueType(), values[n]))
                        .collect(Collectors.joining(",", "{", "}"));
            case ROW:
                RowType row = (RowType) type;
                return IntStream.range(0, row.getFieldCount())
                        .mapToObj(n -> "\"f" + n + "\":" + json(row.getTypeAt(n), ((GenericRow) value).getField(n)))
                        .collect(Collectors.joining(",", "{", "}"));
            default:
                return value.toString();
        }
    }

    static String inUnit(long millis, int nanos, int precision) {
        BigInteger whole = BigInteger.valueOf(millis);
        if (precision == 0) {
            return whole.divide(BigInteger.valueOf(1_000)).toString();
        }
        if (precision <= 3) {
            return whole.toString();
        }
        int unit = precision <= 6 ? 1_000 : 1_000_000;
        return whole.multiply(BigInteger.valueOf(unit)).add(BigInteger.valueOf(nanos / (1_000_000 / unit))).toString();
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte one : bytes) {
            text.append(String.format("%02x", one));
        }
        return text.toString();
    }
}
