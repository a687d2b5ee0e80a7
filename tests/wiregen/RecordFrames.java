// Records what a real broker and Kafka's own codec say to each other, for
// src/wire/testdata: a codec that is only tested against itself agrees with its
// own misunderstandings.
//
//   java -cp '.cache/kafka-4.4.0/*' tests/wiregen/RecordFrames.java HOST:PORT classic,consumer \
//       > src/wire/testdata/kafka-4.4.0.txt
//
// The second argument names the group protocols that the broker has switched on
// (3.9.1: classic).
//
// The requests are encoded by the generated classes in kafka-clients, at the
// highest stable version that they and the broker share. A line is: what it is
// about, the API's name, its version, "request" or "response", and the frame in
// hex without its length. The broker must be new, with one __consumer_offsets
// partition (offsets.topic.num.partitions=1).

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class RecordFrames {
    private static final String GROUP = "classic-group";
    private static final String TOPIC = "views";
    private static final int WAIT_MS = 30_000;

    private final String address;
    private final boolean hasConsumerProtocol;
    private final DataOutputStream out;
    private final DataInputStream in;
    private final Map<Short, ApiVersionsResponseData.ApiVersion> versions = new HashMap<>();
    private int correlation = 0;

    private RecordFrames(String address, boolean hasConsumerProtocol) throws Exception {
        this.address = address;
        this.hasConsumerProtocol = hasConsumerProtocol;
        String[] parts = address.split(":");
        Socket socket = new Socket(parts[0], Integer.parseInt(parts[1]));
        socket.setSoTimeout(WAIT_MS);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
    }

    public static void main(String[] arguments) throws Exception {
        RecordFrames recorder = new RecordFrames(arguments[0], arguments[1].contains("consumer"));
        recorder.negotiate();
        recorder.topics();
        recorder.producing();
        recorder.transactions();
        recorder.groups();
        recorder.send("drop", ApiKeys.DELETE_TOPICS, new DeleteTopicsRequestData()
            .setTopics(List.of(new DeleteTopicsRequestData.DeleteTopicState().setName("spare")))
            .setTimeoutMs(WAIT_MS));
    }

    // --- what is recorded ---

    private void negotiate() throws Exception {
        ApiVersionsRequestData request = new ApiVersionsRequestData()
            .setClientSoftwareName("recorder").setClientSoftwareVersion("1");
        ApiVersionsResponseData response = (ApiVersionsResponseData)
            exchange("negotiate", ApiKeys.API_VERSIONS, (short) 4, request, true);
        response.apiKeys().forEach(each -> versions.put(each.apiKey(), each.duplicate()));
    }

    private void topics() throws Exception {
        CreateTopicsRequestData create = new CreateTopicsRequestData().setTimeoutMs(WAIT_MS);
        for (String name : List.of(TOPIC, "spare")) {
            CreateTopicsRequestData.CreatableTopic topic = new CreateTopicsRequestData.CreatableTopic()
                .setName(name).setNumPartitions(2).setReplicationFactor((short) 1);
            topic.configs().add(new CreateTopicsRequestData.CreatableTopicConfig()
                .setName("max.message.bytes").setValue("1000000"));
            create.topics().add(topic);
        }
        send("create", ApiKeys.CREATE_TOPICS, create);
        send("describe", ApiKeys.METADATA, metadata(TOPIC));
        send("unknown", ApiKeys.METADATA, metadata("no-such-topic"));
    }

    private void producing() throws Exception {
        InitProducerIdResponseData id = (InitProducerIdResponseData) send("idempotent", ApiKeys.INIT_PRODUCER_ID,
            new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60_000));
        MemoryRecords records = MemoryRecords.withIdempotentRecords(Compression.NONE, id.producerId(),
            id.producerEpoch(), 0,
            new SimpleRecord(1_700_000_000_000L, bytes("k1"), bytes("first"), headers()),
            new SimpleRecord(1_700_000_000_250L, null, bytes("second")),
            new SimpleRecord(1_699_999_999_000L, bytes(""), null));
        send("plain", ApiKeys.PRODUCE, produce(0, records));
        MemoryRecords gap = MemoryRecords.withIdempotentRecords(Compression.NONE, id.producerId(),
            id.producerEpoch(), 9, new SimpleRecord(1_700_000_000_000L, bytes("k1"), bytes("out of order")));
        send("gap", ApiKeys.PRODUCE, produce(0, gap));
        send("squeezed", ApiKeys.PRODUCE, produce(1, MemoryRecords.withRecords(Compression.gzip().build(),
            new SimpleRecord(1_700_000_000_000L, bytes("k"), bytes("compressed compressed compressed")))));
        for (int isolation = 0; isolation < 2; isolation++) {
            send(isolation == 0 ? "uncommitted" : "committed", ApiKeys.LIST_OFFSETS, listOffsets((byte) isolation));
        }
        send("plain", ApiKeys.FETCH, fetch(TOPIC, 0, 0, (byte) 0));
        send("squeezed", ApiKeys.FETCH, fetch(TOPIC, 1, 0, (byte) 0));
        send("beyond", ApiKeys.FETCH, fetch(TOPIC, 0, 1000, (byte) 0));
    }

    // Partition 1 then holds, after the gzip batch: a committed and an aborted transaction.
    private void transactions() throws Exception {
        Properties config = config();
        config.put("transactional.id", "recorder");
        try (KafkaProducer<String, String> producer =
                 new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            for (String outcome : List.of("commit", "abort")) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(TOPIC, 1, "t", outcome)).get();
                if (outcome.equals("commit")) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        send("transactional", ApiKeys.FETCH, fetch(TOPIC, 1, 1, (byte) 1));
    }

    private void groups() throws Exception {
        send("coordinator", ApiKeys.FIND_COORDINATOR, new FindCoordinatorRequestData()
            .setKeyType((byte) 0).setCoordinatorKeys(List.of(GROUP)));
        List<KafkaConsumer<String, String>> consumers = new ArrayList<>();
        consumers.add(consumer(GROUP, "classic"));
        if (hasConsumerProtocol) {
            consumers.add(consumer("modern-group", "consumer"));
        }
        try {
            for (KafkaConsumer<String, String> consumer : consumers) {
                consumer.subscribe(List.of(TOPIC));
                while (consumer.position(assigned(consumer)) < 3) {
                    consumer.poll(Duration.ofMillis(200));
                }
                consumer.commitSync();
            }
            groupRequests();
        } finally {
            consumers.forEach(KafkaConsumer::close);
        }
        send("records", ApiKeys.FETCH, fetch("__consumer_offsets", 0, 0, (byte) 0));
    }

    private static TopicPartition assigned(KafkaConsumer<String, String> consumer) {
        TopicPartition first = new TopicPartition(TOPIC, 0);
        long deadline = System.nanoTime() + Duration.ofMillis(WAIT_MS).toNanos();
        while (!consumer.assignment().contains(first)) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("no assignment");
            }
            consumer.poll(Duration.ofMillis(200));
        }
        return first;
    }

    private void groupRequests() throws Exception {
        send("all", ApiKeys.LIST_GROUPS, new ListGroupsRequestData());
        send("classic", ApiKeys.DESCRIBE_GROUPS, new DescribeGroupsRequestData().setGroups(List.of(GROUP, "no-group")));
        if (hasConsumerProtocol) {
            send("modern", ApiKeys.CONSUMER_GROUP_DESCRIBE,
                new ConsumerGroupDescribeRequestData().setGroupIds(List.of("modern-group")));
        }
        OffsetFetchRequestData.OffsetFetchRequestTopics topic = new OffsetFetchRequestData.OffsetFetchRequestTopics()
            .setName(TOPIC).setTopicId(topicId(TOPIC)).setPartitionIndexes(List.of(0, 1));
        send("some", ApiKeys.OFFSET_FETCH, new OffsetFetchRequestData().setRequireStable(true).setGroups(List.of(
            new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId(GROUP).setTopics(List.of(topic)),
            new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId("no-group").setTopics(null))));
        OffsetCommitRequestData.OffsetCommitRequestTopic commit =
            new OffsetCommitRequestData.OffsetCommitRequestTopic().setName(TOPIC).setTopicId(topicId(TOPIC));
        commit.partitions().add(new OffsetCommitRequestData.OffsetCommitRequestPartition()
            .setPartitionIndex(1).setCommittedOffset(7).setCommittedMetadata("by hand"));
        send("manual", ApiKeys.OFFSET_COMMIT, new OffsetCommitRequestData()
            .setGroupId("manual-group").setTopics(List.of(commit)));
    }

    // --- requests ---

    private static MetadataRequestData metadata(String topic) {
        return new MetadataRequestData().setAllowAutoTopicCreation(false)
            .setTopics(List.of(new MetadataRequestData.MetadataRequestTopic().setName(topic)));
    }

    private Uuid topicId(String topic) throws Exception {
        short version = version(ApiKeys.METADATA);
        MetadataResponseData response =
            (MetadataResponseData) exchange("", ApiKeys.METADATA, version, metadata(topic), false);
        return response.topics().iterator().next().topicId();
    }

    private ProduceRequestData produce(int partition, MemoryRecords records) throws Exception {
        ProduceRequestData.TopicProduceData topic = new ProduceRequestData.TopicProduceData().setPartitionData(
            List.of(new ProduceRequestData.PartitionProduceData().setIndex(partition).setRecords(records)));
        topic.setName(TOPIC).setTopicId(topicId(TOPIC));
        ProduceRequestData request = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(WAIT_MS);
        request.topicData().add(topic);
        return request;
    }

    private static ListOffsetsRequestData listOffsets(byte isolation) {
        List<ListOffsetsRequestData.ListOffsetsPartition> partitions = new ArrayList<>();
        for (int partition = 0; partition < 3; partition++) {
            partitions.add(new ListOffsetsRequestData.ListOffsetsPartition().setPartitionIndex(partition)
                .setTimestamp(-1));
        }
        return new ListOffsetsRequestData().setIsolationLevel(isolation).setTimeoutMs(WAIT_MS)
            .setTopics(List.of(new ListOffsetsRequestData.ListOffsetsTopic().setName(TOPIC)
                .setPartitions(partitions)));
    }

    private FetchRequestData fetch(String topic, int partition, long offset, byte isolation) throws Exception {
        FetchRequestData.FetchTopic fetched = new FetchRequestData.FetchTopic().setTopic(topic)
            .setTopicId(topicId(topic)).setPartitions(List.of(new FetchRequestData.FetchPartition()
                .setPartition(partition).setFetchOffset(offset).setPartitionMaxBytes(1 << 20)));
        return new FetchRequestData().setMaxWaitMs(500).setMinBytes(1).setMaxBytes(1 << 20)
            .setIsolationLevel(isolation).setTopics(List.of(fetched));
    }

    // --- the wire ---

    private short version(ApiKeys api) {
        return (short) Math.min(api.latestVersion(), versions.get(api.id).maxVersion());
    }

    private ApiMessage send(String about, ApiKeys api, ApiMessage request) throws Exception {
        return exchange(about, api, version(api), request, true);
    }

    // Asks again while the coordinator is still starting; only the last answer is recorded.
    private ApiMessage exchange(String about, ApiKeys api, short version, ApiMessage request, boolean record)
            throws Exception {
        long deadline = System.nanoTime() + Duration.ofMillis(WAIT_MS).toNanos();
        while (true) {
            RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.id).setRequestApiVersion(version)
                .setCorrelationId(++correlation).setClientId("recorder");
            byte[] sent = join(header, api.requestHeaderVersion(version), request, version);
            out.writeInt(sent.length);
            out.write(sent);
            byte[] received = new byte[in.readInt()];
            in.readFully(received);
            ByteBufferAccessor reader = new ByteBufferAccessor(ByteBuffer.wrap(received));
            new ResponseHeaderData(reader, api.responseHeaderVersion(version));
            ApiMessage response = api.messageType.newResponse();
            response.read(reader, version);
            if (mustRepeat(response) && System.nanoTime() < deadline) {
                Thread.sleep(100);
                continue;
            }
            if (record) {
                print(about, api, version, "request", sent);
                print(about, api, version, "response", received);
            }
            return response;
        }
    }

    private static boolean mustRepeat(ApiMessage response) {
        String text = response.toString();
        for (Errors error : List.of(Errors.COORDINATOR_NOT_AVAILABLE, Errors.COORDINATOR_LOAD_IN_PROGRESS,
                Errors.NOT_COORDINATOR)) {
            if (text.contains("errorCode=" + error.code() + ",") || text.contains("errorCode=" + error.code() + ")")) {
                return true;
            }
        }
        return false;
    }

    private static byte[] join(ApiMessage header, short headerVersion, ApiMessage body, short version) {
        ByteBuffer first = MessageUtil.toByteBufferAccessor(header, headerVersion).buffer();
        ByteBuffer second = MessageUtil.toByteBufferAccessor(body, version).buffer();
        return ByteBuffer.allocate(first.remaining() + second.remaining()).put(first).put(second).array();
    }

    private static void print(String about, ApiKeys api, short version, String direction, byte[] frame) {
        String name = api.name;
        System.out.println(about + " " + name + " " + version + " " + direction + " "
            + HexFormat.of().formatHex(frame));
    }

    private KafkaConsumer<String, String> consumer(String group, String protocol) {
        Properties config = config();
        config.put("group.id", group);
        config.put("group.protocol", protocol);
        config.put("client.id", "recorder-" + protocol);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    private Properties config() {
        Properties config = new Properties();
        config.put("bootstrap.servers", address);
        return config;
    }

    private static org.apache.kafka.common.header.Header[] headers() {
        return new org.apache.kafka.common.header.Header[] {
            new org.apache.kafka.common.header.internals.RecordHeader("tidemark-id", bytes("0190")),
            new org.apache.kafka.common.header.internals.RecordHeader("empty", (byte[]) null)};
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
