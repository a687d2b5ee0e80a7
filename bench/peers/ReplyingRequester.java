// Spring's request-reply over Kafka: sends, and waits for the record that echoes the
// correlation id. ReplyingConsumer is the other side.
//   java -cp '.cache/peers:.cache/spring/*' ReplyingRequester --kafka … --topic … --in-flight N [--linger MS]
// Replies come to the topic TOPIC-replies, which must exist.
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;

public class ReplyingRequester {
  public static void main(String[] arguments) throws Exception {
    Meter meter = new Meter(arguments);
    String kafka = meter.text("--kafka"), topic = meter.text("--topic");
    ContainerProperties replies = new ContainerProperties(topic + "-replies");
    replies.setGroupId("requester-" + UUID.randomUUID());
    KafkaMessageListenerContainer<byte[], byte[]> container = new KafkaMessageListenerContainer<>(
        new DefaultKafkaConsumerFactory<>(Map.of("bootstrap.servers", kafka, "auto.offset.reset", "latest"),
            new ByteArrayDeserializer(), new ByteArrayDeserializer()), replies);
    ReplyingKafkaTemplate<byte[], byte[], byte[]> template = new ReplyingKafkaTemplate<>(
        new DefaultKafkaProducerFactory<byte[], byte[]>(Map.of("bootstrap.servers", kafka, "acks", "all",
            "linger.ms", meter.text("--linger")), new ByteArraySerializer(), new ByteArraySerializer()), container);
    template.setDefaultReplyTimeout(Duration.ofSeconds(10));
    template.afterPropertiesSet();
    template.start();
    if (!template.waitForAssignment(Duration.ofSeconds(30))) throw new IllegalStateException("no partition of the replies");

    byte[] value = new byte[(int) meter.number("--bytes")];
    String linger = meter.text("--linger").equals("0") ? "linger 0" : "linger " + meter.text("--linger");
    meter.run("Spring ReplyingKafkaTemplate, " + linger,
        due -> template.sendAndReceive(new ProducerRecord<>(topic, value)).whenComplete((reply, failure) -> meter.done(due, failure == null)));
    System.out.flush();
    Runtime.getRuntime().halt(0);  // what is in flight is not waited for
  }
}
