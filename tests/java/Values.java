import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.fluss.row.BinaryString;
import org.apache.fluss.row.Decimal;
import org.apache.fluss.row.GenericArray;
import org.apache.fluss.row.GenericMap;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.InternalArray;
import org.apache.fluss.row.InternalMap;
import org.apache.fluss.row.InternalRow;
import org.apache.fluss.row.TimestampLtz;
import org.apache.fluss.row.TimestampNtz;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.fluss.types.ArrayType;
import org.apache.fluss.types.DataField;
import org.apache.fluss.types.DataType;
import org.apache.fluss.types.DecimalType;
import org.apache.fluss.types.MapType;
import org.apache.fluss.types.RowType;

/** Values between JSON, in the form that thalweg prints, and Fluss's rows. */
final class Values {
    static final ObjectMapper JSON = new ObjectMapper();

    /** A JSON object as a row of these fields; what it does not name is null. */
    static GenericRow row(JsonNode object, List<DataField> fields) {
        GenericRow row = new GenericRow(fields.size());
        for (int at = 0; at < fields.size(); at++) {
            row.setField(at, value(object.get(fields.get(at).getName()), fields.get(at).getType()));
        }
        return row;
    }

    private static Object value(JsonNode json, DataType type) {
        if (json == null || json.isNull()) {
            return null;
        }
        switch (type.getTypeRoot()) {
            case BOOLEAN: return json.booleanValue();
            // Keys of maps are text.
            case TINYINT: return Byte.valueOf(json.asText());
            case SMALLINT: return Short.valueOf(json.asText());
            case INTEGER: return Integer.valueOf(json.asText());
            case BIGINT: return Long.valueOf(json.asText());
            case FLOAT: return Float.valueOf(json.asText());
            case DOUBLE: return json.doubleValue();
            case CHAR:
            case STRING: return BinaryString.fromString(json.textValue());
            case BINARY:
            case BYTES: return bytes(json.textValue());
            case DECIMAL:
                DecimalType decimal = (DecimalType) type;
                BigDecimal number = new BigDecimal(json.asText());
                return Decimal.fromBigDecimal(number, decimal.getPrecision(), decimal.getScale());
            case DATE: return (int) LocalDate.parse(json.textValue()).toEpochDay();
            case TIME_WITHOUT_TIME_ZONE:
                return (int) (LocalTime.parse(json.textValue()).toNanoOfDay() / 1_000_000);
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return TimestampNtz.fromLocalDateTime(LocalDateTime.parse(json.textValue()));
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE: return TimestampLtz.fromInstant(Instant.parse(json.textValue()));
            case ARRAY: return array(json, ((ArrayType) type).getElementType());
            case MAP: return map(json, (MapType) type);
            case ROW: return row(json, ((RowType) type).getFields());
            default: throw new IllegalArgumentException(type.asSummaryString());
        }
    }

    private static GenericArray array(JsonNode json, DataType element) {
        List<Object> elements = new ArrayList<>();
        json.forEach(value -> elements.add(value(value, element)));
        return new GenericArray(elements.toArray());
    }

    /** An object, or a list of objects with key and value. */
    private static GenericMap map(JsonNode json, MapType type) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (json.isArray()) {
            json.forEach(entry -> map.put(
                    value(entry.get("key"), type.getKeyType()), value(entry.get("value"), type.getValueType())));
        } else {
            for (Iterator<Map.Entry<String, JsonNode>> it = json.fields(); it.hasNext(); ) {
                Map.Entry<String, JsonNode> entry = it.next();
                JsonNode key = JSON.getNodeFactory().textNode(entry.getKey());
                map.put(value(key, type.getKeyType()), value(entry.getValue(), type.getValueType()));
            }
        }
        return new GenericMap(map);
    }

    private static byte[] bytes(String text) {
        byte[] bytes = new byte[text.length() / 2];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) Integer.parseInt(text.substring(2 * at, 2 * at + 2), 16);
        }
        return bytes;
    }

    /** A row of these fields as a JSON object. */
    static ObjectNode json(InternalRow row, List<DataField> fields) {
        ObjectNode object = JSON.createObjectNode();
        for (int at = 0; at < fields.size(); at++) {
            DataType type = fields.get(at).getType();
            Object value = InternalRow.createFieldGetter(type, at).getFieldOrNull(row);
            object.set(fields.get(at).getName(), json(value, type));
        }
        return object;
    }

    private static JsonNode json(Object value, DataType type) {
        if (value == null) {
            return JSON.nullNode();
        }
        switch (type.getTypeRoot()) {
            case ARRAY: return list((InternalArray) value, ((ArrayType) type).getElementType());
            case MAP: return pairs((InternalMap) value, (MapType) type);
            case ROW: return json((InternalRow) value, ((RowType) type).getFields());
            case BINARY:
            case BYTES: return JSON.valueToTree(hexadecimal((byte[]) value));
            case CHAR:
            case STRING: return JSON.valueToTree(value.toString());
            case DECIMAL: return JSON.valueToTree(((Decimal) value).toBigDecimal().toPlainString());
            case DATE: return JSON.valueToTree(LocalDate.ofEpochDay((int) value).toString());
            case TIME_WITHOUT_TIME_ZONE:
                return JSON.valueToTree(clock(LocalTime.ofNanoOfDay((int) value * 1_000_000L)));
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return JSON.valueToTree(moment(((TimestampNtz) value).toLocalDateTime()));
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                Instant instant = ((TimestampLtz) value).toInstant();
                return JSON.valueToTree(moment(LocalDateTime.ofInstant(instant, java.time.ZoneOffset.UTC)) + "Z");
            default: return JSON.valueToTree(value);
        }
    }

    private static ArrayNode list(InternalArray array, DataType element) {
        ArrayNode list = JSON.createArrayNode();
        InternalArray.ElementGetter getter = InternalArray.createElementGetter(element);
        for (int at = 0; at < array.size(); at++) {
            list.add(json(getter.getElementOrNull(array, at), element));
        }
        return list;
    }

    /** An object where the keys have a text of their own, else a list of objects with key and value. */
    private static JsonNode pairs(InternalMap map, MapType type) {
        ArrayNode keys = list(map.keyArray(), type.getKeyType());
        ArrayNode values = list(map.valueArray(), type.getValueType());
        boolean named = !List.of("BOOLEAN", "FLOAT", "DOUBLE", "ARRAY", "MAP", "ROW")
                .contains(type.getKeyType().getTypeRoot().name());
        ObjectNode object = JSON.createObjectNode();
        ArrayNode list = JSON.createArrayNode();
        for (int at = 0; at < keys.size(); at++) {
            if (named) {
                object.set(keys.get(at).asText(), values.get(at));
            } else {
                list.addObject().<ObjectNode>set("key", keys.get(at)).set("value", values.get(at));
            }
        }
        return named ? object : list;
    }

    private static String hexadecimal(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }

    /** With seconds always, and none, three, six or nine digits behind them. */
    private static String clock(LocalTime time) {
        return time.getNano() == 0 && time.getSecond() == 0 ? time + ":00" : time.toString();
    }

    private static String moment(LocalDateTime time) {
        return time.toLocalDate() + "T" + clock(time.toLocalTime());
    }

    private Values() {}
}
