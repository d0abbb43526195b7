/** Kubernetes' horizontal autoscaler on one metric with an average value, step by step (k8s.io, "Horizontal Pod Autoscaling", algorithm details). */

/** How it may act, as a HorizontalPodAutoscaler says it. */
export interface Behavior {
  readonly scaleUp: Direction;
  readonly scaleDown: Direction;
}

interface Direction {
  readonly stabilizationWindowSeconds: number;
  readonly policies: readonly {
    readonly type: 'Pods' | 'Percent';
    readonly value: number;
    readonly periodSeconds: number;
  }[];
}

export interface Autoscaler {
  /** Looks at the metric, summed over all pods. @returns how many pods there are to be from now on */
  step(metric: number): number;
}

/** Seconds between two looks. */
export const STEP_SECONDS = 15;
/** Within so much of the target nothing is done. */
const TOLERANCE = 0.1;

export function createAutoscaler(options: {
  readonly threshold: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly behavior: Behavior;
}): Autoscaler {
  const { threshold, minReplicas, maxReplicas, behavior } = options;
  const wanted: { readonly atSeconds: number; readonly replicas: number }[] = [];
  const changes: { readonly atSeconds: number; readonly by: number }[] = [];
  let replicas = minReplicas;
  let nowSeconds = 0;

  /** What it wanted within the window, in the direction's cautious sense. */
  const steady = (window: number, pick: (...of: number[]) => number, now: number) =>
    pick(now, ...wanted.filter(({ atSeconds }) => nowSeconds - atSeconds < window).map((one) => one.replicas));
  /** How far it may go: what there was at the begin of a policy's period, and what the policy adds; the widest policy counts. */
  const limit = ({ policies }: Direction, sign: 1 | -1) => {
    const limits = policies.map(({ type, value, periodSeconds }) => {
      const recent = changes.filter(({ atSeconds, by }) => nowSeconds - atSeconds < periodSeconds && by * sign > 0);
      const start = replicas - recent.reduce((sum, { by }) => sum + by, 0);
      return type === 'Pods' ? start + sign * value : Math.ceil(start * (1 + (sign * value) / 100));
    });
    return sign > 0 ? Math.max(...limits) : Math.min(...limits);
  };
  return {
    step(metric) {
      nowSeconds += STEP_SECONDS;
      const ratio = metric / (threshold * replicas);
      const asked = Math.abs(ratio - 1) <= TOLERANCE ? replicas : Math.ceil(metric / threshold);
      const { scaleUp, scaleDown } = behavior;
      const up = steady(scaleUp.stabilizationWindowSeconds, Math.min, asked);
      const down = steady(scaleDown.stabilizationWindowSeconds, Math.max, asked);
      wanted.push({ atSeconds: nowSeconds, replicas: asked });
      let next = replicas;
      if (up > replicas) next = Math.min(up, Math.max(replicas, limit(scaleUp, 1)));
      else if (down < replicas) next = Math.max(down, Math.min(replicas, limit(scaleDown, -1)));
      next = Math.min(maxReplicas, Math.max(minReplicas, next));
      if (next !== replicas) changes.push({ atSeconds: nowSeconds, by: next - replicas });
      replicas = next;
      return next;
    },
  };
}
