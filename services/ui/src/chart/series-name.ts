/** How series are told apart. */
import type { Series } from '../api/querier.ts';

/** Okabe and Ito's colours, which colour-blind eyes tell apart. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#999999', '#b8a900'];

/** The same, lighter: the darker of them are lost on a dark page. */
const COLOURS_DARK = ['#4ba3dc', '#e69f00', '#2fb98f', '#d98ab6', '#8accf2', '#f0803c', '#a8a8a8', '#d0c030'];

export function seriesColour(index: number, isDark: boolean): string {
  const colours = isDark ? COLOURS_DARK : COLOURS;
  return colours[index % colours.length] ?? '#999999';
}

/** Values of a series' labels. */
export function seriesName(series: Series | undefined): string {
  return series === undefined || series.labels.length === 0 ? '' : series.labels.map(({ value }) => value).join(' · ');
}
