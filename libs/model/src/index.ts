export { parseDuration } from './duration.ts';
export {
  CODE_MEANINGS,
  type CodeMeaning,
  describeError,
  type ErrorCode,
  type ErrorDetails,
  FlamelakeError,
} from './error.ts';
export { compareBytes, LABEL, type Label, type Labels, labelsKey, labelValue, sortLabels } from './labels.ts';
export { type CompiledMatcher, compileMatchers, formatSelector, matchLabels } from './matcher.ts';
export type { Cache } from './ports/cache.ts';
export type { Clock } from './ports/clock.ts';
export { type Memory, type MemoryScope, openMemoryScope, UNBOUNDED_MEMORY } from './ports/memory.ts';
export type { ByteRange, ObjectInfo, ObjectRange, ObjectStore } from './ports/object-store.ts';
export type { Appended, LogBounds, LogRecord, ProfileLog } from './ports/profile-log.ts';
export type { Random } from './ports/random.ts';
export { producedLabels, withProducedLabels } from './produced-labels.ts';
export { type ProfileType, parseProfileTypeId, profileTypeId } from './profile-type.ts';
export { compileCapturingRegex, compileRegex, type Regex } from './regex.ts';
export {
  compileRelabelRules,
  parseRelabelRules,
  RELABEL_ACTIONS,
  type Relabeller,
  type RelabelRule,
} from './relabel-rules.ts';
export { orderByRendezvous } from './rendezvous.ts';
export { type LabelMatcher, type MatchOp, parseSelector, SELECTOR_MATCHERS_MAX } from './selector.ts';
export { ANONYMOUS_TENANT, isTenantId } from './tenant.ts';
export { parseTime, readTime } from './time.ts';
