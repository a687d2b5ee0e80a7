// Answers each record on the topic that it names, with its correlation id, as a
// method with @KafkaListener and @SendTo does; commits after each poll, Spring's default.
//   java -cp '.cache/peers:.cache/spring/*' ReplyingConsumer --kafka … --topic … [--linger MS]
// Prints "assigned" when it has its partitions.
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.ConsumerAwareRebalanceListener;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.kafka.support.KafkaHeaders;

public class ReplyingConsumer {
  public static void main(String[] arguments) {
    Meter options = new Meter(arguments);
    String kafka = options.text("--kafka");
    KafkaTemplate<byte[], byte[]> template = new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(Map.of(
        "bootstrap.servers", kafka, "acks", "all", "linger.ms", options.text("--linger")), new ByteArraySerializer(), new ByteArraySerializer()));
    ContainerProperties properties = new ContainerProperties(options.text("--topic"));
    properties.setGroupId("replier");
    properties.setMessageListener((MessageListener<byte[], byte[]>) record -> {
      String to = new String(record.headers().lastHeader(KafkaHeaders.REPLY_TOPIC).value());
      ProducerRecord<byte[], byte[]> reply = new ProducerRecord<>(to, record.value());
      reply.headers().add(record.headers().lastHeader(KafkaHeaders.CORRELATION_ID));
      template.send(reply);
    });
    properties.setConsumerRebalanceListener(new ConsumerAwareRebalanceListener() {
      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        System.out.println("assigned");
      }
    });
    new KafkaMessageListenerContainer<>(new DefaultKafkaConsumerFactory<>(Map.of("bootstrap.servers", kafka,
        "auto.offset.reset", "earliest"), new ByteArrayDeserializer(), new ByteArrayDeserializer()), properties).start();
  }
}
