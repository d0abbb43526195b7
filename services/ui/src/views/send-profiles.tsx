/** How to send a first profile: a snippet for each language. */
import { useState } from 'react';
import { snippetsFor } from '../model/snippets.ts';
import { usePage } from '../parts/page.ts';

export function SendProfiles() {
  const { state } = usePage();
  const snippets = snippetsFor(location.origin, state.tenant);
  const [chosen, setChosen] = useState(0);
  const [words, setWords] = useState('Copy');
  const text = snippets[chosen]?.text ?? '';
  return (
    <div className="send">
      <div className="tabs" role="tablist" aria-label="Language">
        {snippets.map(({ language }, i) => (
          <button
            key={language}
            role="tab"
            aria-selected={i === chosen}
            onClick={() => {
              setChosen(i);
              setWords('Copy');
            }}
          >
            {language}
          </button>
        ))}
      </div>
      <pre tabIndex={0}>{text}</pre>
      <button onClick={() => void navigator.clipboard.writeText(text).then(() => setWords('Copied'))}>{words}</button>
    </div>
  );
}
