// How regularly a node is heard. All times are seconds in which we listened: what passes while no board is there is no gap.

/** Plain data, kept with the node. */
export interface Habit {
  /** Seconds between its last adverts, the oldest first. */
  gaps: number[];
  /** Gaps that were far longer than was usual then, and when they ended, the oldest first. */
  absences: { s: number; endS: number }[];
}

const MAX_GAPS = 32;
const MAX_ABSENCES = 8;
/** From so many gaps on there is a usual one. */
const KNOWN_GAPS = 5;
/** So many times the usual gap is far longer: of adverts that are lost one in four, five in a row are lost once in a thousand. */
const FAR = 5;
/** An absence that came twice within so long is a habit too: something that moves, or is switched off at night. */
const REMEMBERED_S = 14 * 86_400;
/** Until there is a usual gap: so many times the longest one. */
const FAR_AT_FIRST = 3;

export const noHabit = (): Habit => ({ gaps: [], absences: [] });

/** The habit with one more gap, which ends at `endS`. */
export function withGap({ gaps, absences }: Habit, s: number, endS: number): Habit {
  const usual = usualGapS({ gaps, absences });
  const isAbsence = usual !== null && s > FAR * usual;
  return {
    gaps: [...gaps, s].slice(-MAX_GAPS),
    absences: isAbsence ? [...absences, { s, endS }].slice(-MAX_ABSENCES) : absences,
  };
}

/** The gap that half of them do not exceed; null while there are too few. */
export function usualGapS({ gaps }: Habit): number | null {
  if (gaps.length < KNOWN_GAPS) return null;
  return [...gaps].sort((a, b) => a - b)[gaps.length >> 1];
}

/** After how many seconds its silence is out of the ordinary; null for a node that was heard once. */
export function habitLimitS(habit: Habit, nowS: number): { s: number; isKnown: boolean } | null {
  const usual = usualGapS(habit);
  if (usual === null) {
    return habit.gaps.length === 0 ? null : { s: FAR_AT_FIRST * Math.max(...habit.gaps), isKnown: false };
  }
  const lately = habit.absences.filter(({ endS }) => endS > nowS - REMEMBERED_S).map(({ s }) => s);
  const second = lately.sort((a, b) => b - a)[1] ?? 0;
  return { s: Math.max(FAR * usual, 2 * second), isKnown: true };
}
