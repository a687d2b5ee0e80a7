// What all Java peers measure, and their options: --kafka, --topic, --in-flight,
// --seconds, --warm-up, --rate (0: closed loop), --bytes.
//
// In the open loop a latency counts from the time at which the request was due.
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

public class Meter {
  /** Sends one request; the meter is told when it is done. */
  public interface Send {
    void send(long due);
  }

  private final Map<String, String> options = new HashMap<>(Map.of("--kafka", "127.0.0.1:9092", "--topic", "peers",
      "--in-flight", "16", "--seconds", "5", "--warm-up", "2", "--rate", "0", "--bytes", "100", "--linger", "0"));
  private final Semaphore slots;
  private volatile long measuredFrom, until;
  private long[] latencies = new long[1 << 16];
  private int count, failed;

  public Meter(String[] arguments) {
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      if (!options.containsKey(arguments[i])) throw new IllegalArgumentException("unknown option " + arguments[i]);
      options.put(arguments[i], arguments[i + 1]);
    }
    slots = new Semaphore(Integer.parseInt(text("--in-flight")));
  }

  public String text(String name) {
    return options.get(name);
  }

  public double number(String name) {
    return Double.parseDouble(options.get(name));
  }

  public void run(String name, Send send) throws InterruptedException {
    long start = System.nanoTime();
    until = Long.MAX_VALUE;
    measuredFrom = start + (long) (number("--warm-up") * 1e9);
    until = measuredFrom + (long) (number("--seconds") * 1e9);
    double rate = number("--rate");
    long cpu = -1;
    for (long i = 0; System.nanoTime() - until < 0; i++) {
      if (cpu < 0 && System.nanoTime() - measuredFrom >= 0) cpu = cpuNanos();
      long due = 0;
      if (rate > 0) {
        due = start + (long) (i * 1e9 / rate);
        for (long left; (left = due - System.nanoTime()) > 0;) LockSupport.parkNanos(left);
      }
      slots.acquire();
      send.send(rate > 0 ? due : System.nanoTime());
    }
    long spent = cpuNanos() - cpu;
    print(name, spent);
  }

  public void done(long due, boolean success) {
    slots.release();
    long now = System.nanoTime();
    if (now - measuredFrom < 0 || now - until >= 0) return;
    synchronized (this) {
      if (!success) failed++;
      else {
        if (count == latencies.length) latencies = Arrays.copyOf(latencies, 2 * count);
        latencies[count++] = now - due;
      }
    }
  }

  private synchronized void print(String name, long cpu) {
    Arrays.sort(latencies, 0, count);
    System.out.printf(Locale.ROOT, "{\"name\": \"%s\", \"in_flight\": %s, \"rate\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
        + "\"cpu_us_per_op\": %.2f, \"count\": %d, \"failed\": %d}%n", name, text("--in-flight"), count / number("--seconds"),
        at(0.5), at(0.99), cpu / 1e3 / Math.max(count, 1), count, failed);
  }

  private double at(double quantile) {
    return count == 0 ? 0 : latencies[(int) (quantile * (count - 1))] / 1e6;
  }

  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
