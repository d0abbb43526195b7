/** Starts the app in the page. */
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import './views.css';

const root = document.getElementById('app');
if (root !== null) createRoot(root).render(<App />);
