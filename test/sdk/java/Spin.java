// Burns CPU, allocates and waits for a lock in methods of known names, profiled by the real Java agent.
import io.pyroscope.labels.v2.LabelsSet;
import io.pyroscope.labels.v2.Pyroscope;
import java.lang.management.ManagementFactory;

public class Spin {
    private static final Object LOCK = new Object();
    private static final long CPU_NANOS = 6_000_000_000L;

    public static void main(String[] words) throws Exception {
        Thread other = new Thread(Spin::contendJavaLock);
        other.start();
        Pyroscope.LabelsWrapper.run(new LabelsSet("step", "one"), () -> System.out.println(burnJavaCpu()));
        other.join();
        // The agent sends every two seconds, by the clock.
        Thread.sleep(5_000);
    }

    // CPU time, not time on the clock: the machine may be busy.
    private static double burnJavaCpu() {
        double sum = 0;
        long end = usedCpu() + CPU_NANOS;
        while (usedCpu() < end) {
            synchronized (LOCK) {
                for (int i = 0; i < 200_000; i++) sum += Math.sin(i + sum);
            }
            sum += allocateJava().length;
        }
        return sum;
    }

    private static byte[] allocateJava() {
        return new byte[65_536];
    }

    private static void contendJavaLock() {
        for (int i = 0; i < 200; i++) {
            synchronized (LOCK) {
                Thread.yield();
            }
        }
    }

    private static long usedCpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
