/** What every view asks about: service, profile type, labels. */
import { labelValues, profileTypes } from '../api/querier.ts';
import { labelOf, withLabel } from '../model/selector.ts';
import { typeWords } from '../model/units.ts';
import { queryOf, usePage } from './page.ts';
import { Picker } from './picker.tsx';
import { SelectorInput } from './selector-input.tsx';
import { useAnswer } from './use-answer.ts';

export interface QueryBarProps {
  /** Whether the view is about one service. */
  readonly hasService: boolean;
  /** Whether labels are chosen here; those of a service are by default. */
  readonly hasSelector?: boolean;
}

export function QueryBar({ hasService, hasSelector = hasService }: QueryBarProps) {
  const page = usePage();
  const { state, go, nowMs } = page;
  const query = queryOf(page);
  const key = JSON.stringify([state.from, state.until, state.tenant, nowMs]);
  const types = useAnswer(key, (signal) => profileTypes({ tenant: state.tenant, signal }, query));
  const services = useAnswer(key, (signal) =>
    labelValues({ tenant: state.tenant, signal }, 'service_name', { ...query, selector: '{}' }),
  );
  return (
    <div className="query">
      {hasService && (
        <Picker
          label="Service"
          value={labelOf(state.selector, 'service_name')}
          options={services.value ?? []}
          placeholder="all"
          onPick={(service) => go({ selector: withLabel('{}', 'service_name', service), focus: [], profile: '' })}
        />
      )}
      <Picker
        label="Profile"
        value={state.type}
        options={types.value ?? []}
        words={typeWords}
        onPick={(type) => go({ type, focus: [], profile: '' })}
      />
      {hasSelector && (
        <SelectorInput
          query={query}
          hidesService={hasService}
          onChange={(selector) => go({ selector, focus: [], profile: '' })}
        />
      )}
    </div>
  );
}
