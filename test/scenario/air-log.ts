const HOUR = 3_600_000;

/** What was on the air, and the most of it in any hour. */
export class AirLog {
  readonly sent: { from: number; to: number }[] = [];

  /** The worst hour begins with a transmission or ends with one, at one of its ends. */
  worstHour(): number {
    const { sent } = this;
    const sums = [0];
    for (const { from, to } of sent) sums.push(sums[sums.length - 1] + to - from);
    // On the air up to the moment `t`; a pointer for each kind of question, which all move on.
    const until = () => {
      let at = 0;
      return (t: number): number => {
        while (at < sent.length && sent[at].to <= t) at++;
        return sums[at] + (at < sent.length ? Math.max(0, t - sent[at].from) : 0);
      };
    };
    let worst = 0;
    for (const edge of ["from", "to"] as const)
      for (const shift of [0, HOUR]) {
        const first = until();
        const last = until();
        for (const each of sent) {
          const start = each[edge] - shift;
          worst = Math.max(worst, last(start + HOUR) - first(start));
        }
      }
    return worst;
  }
}
