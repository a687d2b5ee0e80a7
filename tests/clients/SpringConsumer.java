// A listener of Spring for Apache Kafka, in the container that @KafkaListener makes.
//   java -cp '.cache/clients:.cache/spring/*' SpringConsumer BOOTSTRAP TOPIC GROUP [ACK-MODE]
// Without an acknowledge mode it has Spring's default. Prints `processed PARTITION OFFSET` for each record.
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.MessageListener;

public class SpringConsumer {
  public static void main(String[] arguments) {
    ContainerProperties properties = new ContainerProperties(arguments[1]);
    properties.setGroupId(arguments[2]);
    if (arguments.length > 3) properties.setAckMode(ContainerProperties.AckMode.valueOf(arguments[3]));
    properties.setMessageListener((MessageListener<byte[], byte[]>) record ->
        System.out.println("processed " + record.partition() + " " + record.offset()));
    Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "auto.offset.reset", "earliest");
    ConcurrentMessageListenerContainer<byte[], byte[]> container = new ConcurrentMessageListenerContainer<>(
        new DefaultKafkaConsumerFactory<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer()), properties);
    Runtime.getRuntime().addShutdownHook(new Thread(container::stop));
    container.start();
  }
}
