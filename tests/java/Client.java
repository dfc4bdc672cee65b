import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.fluss.client.Connection;
import org.apache.fluss.client.ConnectionFactory;
import org.apache.fluss.client.admin.ListOffsetsResult;
import org.apache.fluss.client.admin.OffsetSpec;
import org.apache.fluss.client.lookup.Lookup;
import org.apache.fluss.client.lookup.Lookuper;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.scanner.ScanRecord;
import org.apache.fluss.client.table.scanner.batch.BatchScanner;
import org.apache.fluss.client.table.scanner.log.LogScanner;
import org.apache.fluss.client.table.scanner.log.ScanRecords;
import org.apache.fluss.client.table.writer.AppendWriter;
import org.apache.fluss.client.table.writer.Upsert;
import org.apache.fluss.client.table.writer.UpsertWriter;
import org.apache.fluss.config.Configuration;
import org.apache.fluss.metadata.PartitionInfo;
import org.apache.fluss.metadata.TableBucket;
import org.apache.fluss.metadata.TableInfo;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.InternalRow;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.fluss.types.DataField;
import org.apache.fluss.utils.CloseableIterator;

/**
 * Fluss's Java client 0.9.1 as a foreign client of the tests: "Client SERVER" carries out the commands of
 * tests/fluss-rs/src/main.rs, and "lookup-or-insert".
 */
public final class Client {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public static void main(String[] arguments) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("bootstrap.servers", arguments[0]);
        String user = System.getenv("THALWEG_USER");
        if (user != null) {
            configuration.setString("client.security.protocol", "SASL");
            configuration.setString("client.security.sasl.mechanism", "PLAIN");
            configuration.setString("client.security.sasl.username", user);
            configuration.setString("client.security.sasl.password", System.getenv("THALWEG_PASSWORD"));
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Connection connection = ConnectionFactory.createConnection(configuration)) {
            for (String line; (line = lines.readLine()) != null; ) {
                JsonNode answer;
                try {
                    answer = run(connection, Values.JSON.readTree(line));
                } catch (Exception error) {
                    StringWriter text = new StringWriter();
                    error.printStackTrace(new PrintWriter(text));
                    answer = Values.JSON.createObjectNode().put("error", text.toString());
                }
                System.out.write((Values.JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
                System.out.flush();
            }
        }
    }

    private static ArrayNode run(Connection connection, JsonNode command) throws Exception {
        String[] name = command.get("table").textValue().split("\\.");
        try (Table table = connection.getTable(TablePath.of(name[0], name[1]))) {
            switch (command.get("do").textValue()) {
                case "append": return append(table, command);
                case "upsert": return upsert(table, command);
                case "delete": return delete(table, command);
                case "changes": return changes(connection, table);
                case "limit": return limit(connection, table, command.get("limit").intValue());
                case "lookup": return lookup(table, command, table.newLookup());
                case "lookup-or-insert": return lookup(table, command, table.newLookup().enableInsertIfNotExists());
                case "prefix": return prefix(table, command);
                default: throw new IllegalArgumentException("no such command: " + command);
            }
        }
    }

    /** The rows of a command, of these fields. */
    private static List<GenericRow> input(JsonNode command, List<DataField> fields) {
        List<GenericRow> rows = new ArrayList<>();
        command.get("rows").forEach(row -> rows.add(Values.row(row, fields)));
        return rows;
    }

    /** The columns that a command names, or null. */
    private static List<String> columns(JsonNode command) {
        if (!command.hasNonNull("columns")) {
            return null;
        }
        List<String> columns = new ArrayList<>();
        command.get("columns").forEach(column -> columns.add(column.textValue()));
        return columns;
    }

    private static List<DataField> fields(Table table) {
        return table.getTableInfo().getRowType().getFields();
    }

    private static ArrayNode append(Table table, JsonNode command) throws Exception {
        AppendWriter writer = table.newAppend().createWriter();
        List<CompletableFuture<?>> results = new ArrayList<>();
        for (GenericRow row : input(command, fields(table))) {
            results.add(writer.append(row));
        }
        writer.flush();
        for (CompletableFuture<?> result : results) {
            result.get();
        }
        return Values.JSON.createArrayNode();
    }

    private static ArrayNode upsert(Table table, JsonNode command) throws Exception {
        Upsert upsert = table.newUpsert();
        List<String> columns = columns(command);
        if (columns != null) {
            upsert = upsert.partialUpdate(columns.toArray(new String[0]));
        }
        UpsertWriter writer = upsert.createWriter();
        List<CompletableFuture<?>> results = new ArrayList<>();
        for (GenericRow row : input(command, fields(table))) {
            results.add(writer.upsert(row));
        }
        writer.flush();
        for (CompletableFuture<?> result : results) {
            result.get();
        }
        return Values.JSON.createArrayNode();
    }

    private static ArrayNode delete(Table table, JsonNode command) throws Exception {
        UpsertWriter writer = table.newUpsert().createWriter();
        List<CompletableFuture<?>> results = new ArrayList<>();
        for (GenericRow row : input(command, fields(table))) {
            results.add(writer.delete(row));
        }
        writer.flush();
        for (CompletableFuture<?> result : results) {
            result.get();
        }
        return Values.JSON.createArrayNode();
    }

    /** Names of partitions by id; one without id for a table that has none. */
    private static Map<Long, String> partitions(Connection connection, Table table) throws Exception {
        Map<Long, String> names = new LinkedHashMap<>();
        if (!table.getTableInfo().isPartitioned()) {
            names.put(null, "");
            return names;
        }
        for (PartitionInfo info : connection.getAdmin().listPartitionInfos(table.getTableInfo().getTablePath()).get()) {
            names.put(info.getPartitionId(), info.getPartitionName());
        }
        return names;
    }

    private static ArrayNode changes(Connection connection, Table table) throws Exception {
        TableInfo info = table.getTableInfo();
        List<Integer> buckets = new ArrayList<>();
        for (int bucket = 0; bucket < info.getNumBuckets(); bucket++) {
            buckets.add(bucket);
        }
        Map<Long, String> names = partitions(connection, table);
        Map<TableBucket, Long> ends = new HashMap<>();
        Map<TableBucket, List<ScanRecord>> found = new HashMap<>();
        try (LogScanner scanner = table.newScan().createLogScanner()) {
            for (Map.Entry<Long, String> partition : names.entrySet()) {
                Long id = partition.getKey();
                OffsetSpec latest = new OffsetSpec.LatestSpec();
                ListOffsetsResult offsets = id == null
                        ? connection.getAdmin().listOffsets(info.getTablePath(), buckets, latest)
                        : connection.getAdmin().listOffsets(info.getTablePath(), partition.getValue(), buckets, latest);
                for (Map.Entry<Integer, Long> end : offsets.all().get().entrySet()) {
                    if (id == null) {
                        scanner.subscribeFromBeginning(end.getKey());
                    } else {
                        scanner.subscribeFromBeginning(id, end.getKey());
                    }
                    if (end.getValue() > 0) {
                        ends.put(new TableBucket(info.getTableId(), id, end.getKey()), end.getValue());
                    }
                }
            }
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!ends.isEmpty()) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("still waiting for " + ends);
                }
                ScanRecords records = scanner.poll(Duration.ofMillis(500));
                for (TableBucket bucket : records.buckets()) {
                    for (ScanRecord record : records.records(bucket)) {
                        if (ends.containsKey(bucket) && record.logOffset() + 1 >= ends.get(bucket)) {
                            ends.remove(bucket);
                        }
                        found.computeIfAbsent(bucket, b -> new ArrayList<>()).add(record);
                    }
                }
            }
        }
        ArrayNode lines = Values.JSON.createArrayNode();
        for (Long partition : names.keySet()) {
            for (int bucket : buckets) {
                TableBucket place = new TableBucket(info.getTableId(), partition, bucket);
                for (ScanRecord record : found.getOrDefault(place, List.of())) {
                    ObjectNode line = lines.addObject();
                    line.put("change", record.getChangeType().shortString());
                    line.put("partition", names.get(partition)).put("bucket", bucket);
                    line.put("offset", record.logOffset());
                    line.set("row", Values.json(record.getRow(), fields(table)));
                }
            }
        }
        return lines;
    }

    private static ArrayNode limit(Connection connection, Table table, int rows) throws Exception {
        TableInfo info = table.getTableInfo();
        ArrayNode found = Values.JSON.createArrayNode();
        for (Long partition : partitions(connection, table).keySet()) {
            for (int bucket = 0; bucket < info.getNumBuckets(); bucket++) {
                TableBucket place = new TableBucket(info.getTableId(), partition, bucket);
                try (BatchScanner scanner = table.newScan().limit(rows).createBatchScanner(place)) {
                    CloseableIterator<InternalRow> batch;
                    while ((batch = scanner.pollBatch(PATIENCE)) != null) {
                        while (batch.hasNext()) {
                            found.add(Values.json(batch.next(), fields(table)));
                        }
                        batch.close();
                    }
                }
            }
        }
        return found;
    }

    private static ArrayNode lookup(Table table, JsonNode command, Lookup lookup) throws Exception {
        TableInfo info = table.getTableInfo();
        Lookuper lookuper = lookup.createLookuper();
        ArrayNode found = Values.JSON.createArrayNode();
        for (GenericRow key : input(command, info.getRowType().project(info.getPrimaryKeys()).getFields())) {
            InternalRow row = lookuper.lookup(key).get().getSingletonRow();
            found.add(row == null ? Values.JSON.nullNode() : Values.json(row, fields(table)));
        }
        return found;
    }

    private static ArrayNode prefix(Table table, JsonNode command) throws Exception {
        List<String> columns = columns(command);
        Lookuper lookuper = table.newLookup().lookupBy(columns).createLookuper();
        ArrayNode found = Values.JSON.createArrayNode();
        for (GenericRow prefix : input(command, table.getTableInfo().getRowType().project(columns).getFields())) {
            ArrayNode rows = found.addArray();
            lookuper.lookup(prefix).get().getRowList().forEach(row -> rows.add(Values.json(row, fields(table))));
        }
        return found;
    }

    private Client() {}
}
