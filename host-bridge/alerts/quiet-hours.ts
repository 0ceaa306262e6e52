/** Minutes since midnight by this machine's clock and zone: from the first up to, not including, the second. */
export interface QuietHours {
  from: number;
  to: number;
}

/** `22:00-07:00`; null for anything else. */
export function parseQuietHours(text: string): QuietHours | null {
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (found === null) return null;
  const [from, to] = [Number(found[1]) * 60 + Number(found[2]), Number(found[3]) * 60 + Number(found[4])];
  return from === to ? null : { from, to };
}

/** Whether `unixMs` is in them. */
export function isQuiet(hours: QuietHours | null, unixMs: number): boolean {
  if (hours === null) return false;
  const date = new Date(unixMs);
  const at = date.getHours() * 60 + date.getMinutes();
  return hours.from < hours.to ? at >= hours.from && at < hours.to : at >= hours.from || at < hours.to;
}
