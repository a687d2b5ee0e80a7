// Kafka Streams, third stage of the chain: counts each word of each order.
//   java -cp '.cache/chain:.cache/streams/*' WordCount BOOTSTRAP FROM TO GROUP REDIS STATE-DIR [SETTING=VALUE…]
//
// Two sub-topologies: one splits orders into words and writes GROUP-words-repartition; the other
// reads that, counts in a store with the changelog GROUP-counts-changelog, and writes TO.
// Streams sends all it has to send, and waits for it, before it commits: nothing needs to be set.
// Notes in Redis, before it commits, the order in the set `split` and in the hash `counted` which
// number a word had when the order was counted (`ORDER WORD`). Prints `ready` once it runs.
import java.util.Arrays;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

public class WordCount {
  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("application.id", arguments[3]);
    settings.put("state.dir", arguments[5]);
    settings.put("auto.offset.reset", "earliest");
    for (int i = 6; i < arguments.length; i++) {
      String[] setting = arguments[i].split("=", 2);
      settings.put(setting[0], setting[1]);
    }
    Redis redis = new Redis(arguments[4]);

    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> orders = builder.stream(arguments[1], Consumed.with(Serdes.String(), Serdes.String()));
    orders.peek((order, words) -> redis.write(new String[] {"SADD", "split", order}))
        .flatMapValues(words -> Arrays.asList(words.split(" ")))
        .map((order, word) -> KeyValue.pair(word, order))
        .groupByKey(Grouped.with("words", Serdes.String(), Serdes.String()))
        .aggregate(() -> 0L, (word, order, count) -> {
          redis.write(new String[] {"HSET", "counted", order + " " + word, Long.toString(count + 1)});
          return count + 1;
        }, Materialized.<String, Long>as(Stores.persistentKeyValueStore("counts"))
            .withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
        .toStream()
        .mapValues(String::valueOf)
        .to(arguments[2], Produced.with(Serdes.String(), Serdes.String()));

    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setUncaughtExceptionHandler(failure -> {
      failure.printStackTrace();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("ready");
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
