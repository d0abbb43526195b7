/**
 * What answers must and must not have of profiles that somebody deletes or pins, and of those as old as the retention: a delete that was
 * acknowledged holds for whatever was in the chain when it was asked for, a pin for what had not expired when it was acknowledged. Retention
 * by size takes the oldest hours of a service, none later than a later one, never that of now, and gives none back.
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

export interface Retention {
  /** Profiles older than this expire, ms; none unless given. */
  readonly retentionMs?: number | undefined;
  /** Whether hours that are over may expire by size. */
  readonly isSized?: boolean;
}

const HOUR_MS = 3_600_000;

export type DataTruth = ReturnType<typeof createDataTruth>;

export function createDataTruth(profiles: readonly Profile[], retention: Retention = {}) {
  const { retentionMs = Number.POSITIVE_INFINITY, isSized = false } = retention;
  const fates = new Map<string, Fate>();
  /** Of services, up to where answers have shown that profiles expired by size. */
  const cuts = new Map<string, { readonly beforeMs: number; readonly known: Moment }>();

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
    const mayBeCut = isSized && profile.timeMs < hourOf(answeredMs);
    return mayGo || ((mayBeCut || profile.timeMs < answeredMs - retentionMs) && !isPast(pinned, asked));
  }

  /** What is missing though it was there, and neither deleted nor too old, expired by size: so did all that is older, for ever. */
  function judgeCuts(found: ReadonlySet<string>, asked: Moment, answered: Moment): void {
    const seen = new Map(cuts);
    for (const profile of profiles) {
      const { seen: wasSeen, mayGo } = fateOf(profile);
      const isOwed = isPast(wasSeen, asked) && !mayGo && profile.timeMs >= answered.ms - retentionMs;
      if (found.has(profile.pod) || !isOwed) continue;
      const beforeMs = hourOf(profile.timeMs) + HOUR_MS;
      if (beforeMs > (seen.get(profile.service)?.beforeMs ?? 0))
        seen.set(profile.service, { beforeMs, known: answered });
    }
    for (const profile of profiles) {
      const cut = seen.get(profile.service);
      if (cut === undefined || !found.has(profile.pod) || fateOf(profile).mayStay || profile.timeMs >= cut.beforeMs)
        continue;
      if (cut.known === answered || isPast(cut.known, asked))
        throw new Violation('COUNT', `${profile.pod} is in an answer, and later ones of its service expired by size`);
    }
    for (const [service, cut] of seen) cuts.set(service, cut);
  }

  return {
    mayLack,
    /** Services of which something expired by size. */
    get cutServices() {
      return cuts.size;
    },
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
        const nowMs = moment.ms + PIN_MS;
        const keptMs = Math.max(nowMs - retentionMs, isSized ? hourOf(nowMs) : 0);
        const sure = matched.filter(({ timeMs }) => timeMs >= keptMs).map(fateOf);
        for (const fate of sure) fate.pinned ??= moment;
        return sure.length;
      };
    },
    /** @throws {Violation} when an answer has what it must not have, or lacks what earlier ones had */
    judge(found: ReadonlySet<string>, asked: Moment, answered: Moment): void {
      if (isSized) judgeCuts(found, asked, answered);
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

function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

/** Whether what is asked then must know of it. */
function isPast(moment: Moment | undefined, asked: Moment): boolean {
  if (moment === undefined) return false;
  return moment.by === asked.by ? asked.ms >= moment.ms : asked.ms > moment.ms + SHARED_MS;
}
