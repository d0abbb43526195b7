/** Starts the app in the page. */
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import './views.css';

const root = document.getElementById('app');
if (root !== null) {
  const onUncaughtError = (error: unknown): void => {
    console.error(error);
    const words = document.createElement('p');
    words.className = 'error';
    words.setAttribute('role', 'alert');
    words.textContent = `This page broke: ${String(error)}. Load it again; the address still says what was looked at.`;
    const main = document.createElement('main');
    main.append(words);
    root.replaceChildren(main);
  };
  createRoot(root, { onUncaughtError }).render(<App />);
}
