import { useEffect, useState } from 'react';

const wantsDark = matchMedia('(prefers-color-scheme: dark)');

/** Whether the reader prefers dark pages. */
export function useDarkMode(): boolean {
  const [isDark, setDark] = useState(wantsDark.matches);
  useEffect(() => {
    const listen = (): void => setDark(wantsDark.matches);
    wantsDark.addEventListener('change', listen);
    return () => wantsDark.removeEventListener('change', listen);
  }, []);
  return isDark;
}
