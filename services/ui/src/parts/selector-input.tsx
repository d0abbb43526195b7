/** The label selector: matchers as chips that go by a click, labels of the data to add, and the text itself for the rest. */
import { useState } from 'react';
import { labelNames, labelValues, type Query } from '../api/querier.ts';
import { formatSelector, type Matcher, parseSelector, withLabel } from '../model/selector.ts';
import { usePage } from './page.ts';
import { Picker } from './picker.tsx';
import { SelectorText } from './selector-text.tsx';
import { useAnswer } from './use-answer.ts';

export interface SelectorInputProps {
  readonly query: Query;
  /** Whether the service is shown beside it. */
  readonly hidesService?: boolean;
  readonly onChange: (selector: string) => void;
}

export function SelectorInput({ query, hidesService = false, onChange }: SelectorInputProps) {
  const { state, nowMs } = usePage();
  const [name, setName] = useState('');
  const [isWriting, setWriting] = useState(false);
  const matchers = parseSelector(query.selector);
  const asked = { ...query, selector: matchers === undefined ? '{}' : query.selector };
  const key = JSON.stringify([asked.selector, state.from, state.until, state.tenant, nowMs]);
  const names = useAnswer(key, (signal) => labelNames({ tenant: state.tenant, signal }, asked));
  const values = useAnswer(`${key}${name}`, async (signal) =>
    name === '' ? [] : labelValues({ tenant: state.tenant, signal }, name, asked),
  );
  const shown = (names.value ?? []).filter((one) => !one.startsWith('__'));
  const isService = (matcher: Matcher): boolean => matcher.name === 'service_name' && matcher.op === '=';
  if (isWriting || matchers === undefined) {
    return (
      <SelectorText
        query={query}
        onApply={(selector) => {
          setWriting(false);
          onChange(selector);
        }}
      />
    );
  }
  return (
    <div className="selector">
      {matchers
        .filter((matcher) => !(hidesService && isService(matcher)))
        .map((matcher) => (
          <button
            key={`${matcher.name}${matcher.op}${matcher.value}`}
            className="chip"
            title="Remove"
            onClick={() => onChange(formatSelector(matchers.filter((one) => one !== matcher)))}
          >
            <bdi>
              {matcher.name} {matcher.op} {matcher.value}
            </bdi>{' '}
            ×
          </button>
        ))}
      <Picker label="Filter by label" value={name} options={shown} placeholder="any" onPick={setName} />
      {name !== '' && (
        <Picker
          label="is"
          value=""
          options={values.value ?? []}
          onPick={(value) => {
            onChange(withLabel(query.selector, name, value));
            setName('');
          }}
        />
      )}
      <button onClick={() => setWriting(true)} title="Write the selector as text">
        Edit
      </button>
    </div>
  );
}
