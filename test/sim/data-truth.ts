/**
 * What answers must and must not have of profiles that somebody deletes or pins, and of those as old as the retention: a delete that was
 * acknowledged holds for whatever was in the chain when it was asked for, a pin for what had not expired when it was acknowledged.
 */
import { Violation } from './violation.ts';

/** When something was known, and by which query-frontend. */
export interface Moment {
  /** ms since 1970. */
  readonly ms: number;
  readonly by: object;
}

/** Which profiles a delete or pin is about. */
export interface DataRange {
  /** All services, or pods, unless given. */
  readonly service?: string;
  readonly pod?: string;
  /** Profile times, ms since 1970, half-open; none is later than now, so that profiles to come are in none. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Profile {
  readonly pod: string;
  readonly service: string;
  readonly timeMs: number;
}

interface Fate {
  /** The first answer that had it. */
  seen: Moment | undefined;
  /** The first acknowledged delete that is surely about it. */
  deleted: Moment | undefined;
  pinned: Moment | undefined;
  /** Somebody asked for a delete that matches it: it may be gone, whatever came of that. */
  mayGo: boolean;
  /** Somebody asked for a pin that matches it: it may stay, whatever came of that. */
  mayStay: boolean;
}

/** Other query-frontends may share a snapshot that was begun so long ago. */
const SHARED_MS = 250;
/** A pin is sure to come in time for what expires so long after its acknowledgement. */
const PIN_MS = 1_000;

export type DataTruth = ReturnType<typeof createDataTruth>;

export function createDataTruth(profiles: readonly Profile[], retentionMs = Number.POSITIVE_INFINITY) {
  const fates = new Map<string, Fate>();

  function fateOf({ pod }: Profile): Fate {
    let fate = fates.get(pod);
    if (fate === undefined) {
      fate = { seen: undefined, deleted: undefined, pinned: undefined, mayGo: false, mayStay: false };
      fates.set(pod, fate);
    }
    return fate;
  }

  const matching = ({ service, pod, fromMs, untilMs }: DataRange) =>
    profiles.filter(
      (profile) =>
        (service ?? profile.service) === profile.service &&
        (pod ?? profile.pod) === profile.pod &&
        profile.timeMs >= fromMs &&
        profile.timeMs < untilMs,
    );

  /** Whether an answer asked for then may be without it, though it was acknowledged. */
  function mayLack(profile: Profile, asked: Moment, answeredMs: number): boolean {
    const { mayGo, pinned } = fateOf(profile);
    return mayGo || (profile.timeMs < answeredMs - retentionMs && !isPast(pinned, asked));
  }

  return {
    mayLack,
    /**
     * A delete is asked for.
     * @param known - a profile whose commit token goes with it
     * @returns to be told when it is acknowledged; how many profiles are gone then
     */
    beginDelete(range: DataRange, known?: Profile): (moment: Moment) => number {
      const matched = matching(range);
      const sure = matched.map(fateOf).filter(({ seen }, i) => seen !== undefined || matched[i] === known);
      for (const profile of matched) fateOf(profile).mayGo = true;
      return (moment) => {
        for (const fate of sure) fate.deleted ??= moment;
        return sure.length;
      };
    },
    /** A pin is asked for. @returns as `beginDelete`; how many profiles stay */
    beginPin(range: DataRange): (moment: Moment) => number {
      const matched = matching(range);
      for (const profile of matched) fateOf(profile).mayStay = true;
      return (moment) => {
        const sure = matched.filter(({ timeMs }) => timeMs >= moment.ms + PIN_MS - retentionMs).map(fateOf);
        for (const fate of sure) fate.pinned ??= moment;
        return sure.length;
      };
    },
    /** @throws {Violation} when an answer has what it must not have, or lacks what earlier ones had */
    judge(found: ReadonlySet<string>, asked: Moment, answered: Moment): void {
      for (const profile of profiles) {
        const { pod, timeMs } = profile;
        const fate = fateOf(profile);
        if (!found.has(pod)) {
          if (isPast(fate.seen, asked) && !mayLack(profile, asked, answered.ms))
            throw new Violation('STALE', `${pod} was in an answer and no longer is`);
          continue;
        }
        if (isPast(fate.deleted, asked)) throw new Violation('COUNT', `${pod} is deleted and in an answer`);
        if (timeMs < asked.ms - retentionMs && !fate.mayStay)
          throw new Violation('COUNT', `${pod} is expired and in an answer`);
        fate.seen ??= answered;
      }
    },
  };
}

/** Whether what is asked then must know of it. */
function isPast(moment: Moment | undefined, asked: Moment): boolean {
  if (moment === undefined) return false;
  return moment.by === asked.by ? asked.ms >= moment.ms : asked.ms > moment.ms + SHARED_MS;
}
