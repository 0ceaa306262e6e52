/** How to end what was started: in the opposite order, each once. */
export class Stops {
  private readonly list: (() => void | Promise<void>)[] = [];

  push(stop: () => void | Promise<void>): void {
    this.list.push(stop);
  }

  async end(): Promise<void> {
    for (let stop = this.list.pop(); stop !== undefined; stop = this.list.pop()) await stop();
  }
}
