// Numbers as people read them. Pure.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (number) => whole.format(number);

export const seconds = (s) => (s < 0.0995 ? `${whole.format(s * 1000)} ms` : `${s.toFixed(s < 9.95 ? 2 : 1)} s`);

export const rate = (perS) => (perS < 99.5 ? perS.toFixed(1) : whole.format(perS));

export const degrees = (celsius) => `${whole.format(celsius)} °C`;

export const pixels = (width, height) => `${width} × ${height}`;

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 999_500 ? `${whole.format(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function duration(s) {
  if (s < 90) return `${whole.format(s)} s`;
  if (s < 5400) return `${whole.format(s / 60)} min`;
  return s < 172_800 ? `${whole.format(s / 3600)} h` : `${whole.format(s / 86_400)} days`;
}

export const wholeSeconds = (s) => `${whole.format(Math.floor(s))} s`;
