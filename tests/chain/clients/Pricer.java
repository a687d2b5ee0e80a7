// Spring for Apache Kafka, second stage of the chain: prices each order and replies with @SendTo.
//   java -cp '.cache/chain:.cache/spring/*' Pricer BOOTSTRAP FROM TO GROUP REDIS confirmed|transaction|default [SETTING=VALUE…]
//
// An order whose words begin with `bad` has no price: it is not retried, but ends in FROM-dlt.
//
// @SendTo hands the reply to the producer and does not wait for it, so that the container may
// commit before the reply is in the log. `confirmed` is the template's autoFlush, which waits for
// the acknowledgement inside the listener's call; `transaction` puts reply and offset into one
// transaction; `default` is what Spring does by itself. Settings are the producer's.
// Notes each order in Redis, in the set `priced`, before its reply. Prints `ready` once partitions
// are assigned.
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.ConsumerAwareRebalanceListener;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultAfterRollbackProcessor;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.transaction.KafkaTransactionManager;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.util.backoff.FixedBackOff;

@Configuration
@EnableKafka
public class Pricer {
  static String bootstrap, from, to, group, mode;
  static String[] settings;
  static Redis redis;

  public static void main(String[] arguments) {
    bootstrap = arguments[0];
    from = arguments[1];
    to = arguments[2];
    group = arguments[3];
    redis = new Redis(arguments[4]);
    mode = arguments[5];
    settings = Arrays.copyOfRange(arguments, 6, arguments.length);
    new AnnotationConfigApplicationContext(Pricer.class).registerShutdownHook();
  }

  // For the annotations, which read beans.
  @Bean
  public String input() { return from; }
  @Bean
  public String output() { return to; }
  @Bean
  public String groupName() { return group; }

  @KafkaListener(topics = "#{@input}", groupId = "#{@groupName}")
  @SendTo("#{@output}")
  public String price(String words, @Header(KafkaHeaders.RECEIVED_KEY) String order) {
    if (words.startsWith("bad")) throw new IllegalArgumentException("order " + order + " has no price");
    redis.write(new String[] {"SADD", "priced", order});
    return words + " priced";
  }

  @Bean
  public DefaultKafkaProducerFactory<String, String> producerFactory() {
    Map<String, Object> producer = new HashMap<>(Map.of("bootstrap.servers", bootstrap));
    for (String setting : settings) producer.put(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    DefaultKafkaProducerFactory<String, String> factory =
        new DefaultKafkaProducerFactory<>(producer, new StringSerializer(), new StringSerializer());
    if (mode.equals("transaction")) factory.setTransactionIdPrefix(group + "-");
    return factory;
  }

  @Bean
  public KafkaTemplate<String, String> template() {
    return new KafkaTemplate<>(producerFactory(), mode.equals("confirmed"));
  }

  @Bean
  public ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory() {
    Map<String, Object> consumer = Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest");
    ConcurrentKafkaListenerContainerFactory<String, String> factory = new ConcurrentKafkaListenerContainerFactory<>();
    factory.setConsumerFactory(new DefaultKafkaConsumerFactory<>(consumer, new StringDeserializer(), new StringDeserializer()));
    factory.setReplyTemplate(template());
    factory.setConcurrency(3);
    FixedBackOff noRetries = new FixedBackOff(0, 0);
    DeadLetterPublishingRecoverer recoverer = new DeadLetterPublishingRecoverer(template());
    if (mode.equals("transaction")) {
      factory.getContainerProperties().setKafkaAwareTransactionManager(new KafkaTransactionManager<>(producerFactory()));
      factory.setAfterRollbackProcessor(new DefaultAfterRollbackProcessor<>(recoverer, noRetries, template(), true));
    } else {
      factory.setCommonErrorHandler(new DefaultErrorHandler(recoverer, noRetries));
    }
    factory.getContainerProperties().setConsumerRebalanceListener(new ConsumerAwareRebalanceListener() {
      @Override
      public void onPartitionsAssigned(Consumer<?, ?> consumer, java.util.Collection<TopicPartition> partitions) {
        System.out.println("ready");
      }
    });
    return factory;
  }
}
