/** How four servers may be joined: who dials whom. */
export const SHAPES: Record<string, [number, number][]> = {
  mesh: [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 3],
  ],
  star: [
    [1, 0],
    [2, 0],
    [3, 0],
  ],
  ring: [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
  ],
  chain: [
    [0, 1],
    [1, 2],
    [2, 3],
  ],
};
