// Mocha's own spec output, the names of what was skipped, and one closing line that a script can read.
import Mocha from "mocha";

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;

export default class Summary extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on(EVENT_TEST_PENDING, (test) => skipped.push(test.fullTitle()));
    runner.once(EVENT_RUN_END, () => {
      for (const title of skipped) console.log(`skipped: ${title}`);
      const { passes, failures } = runner.stats;
      console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }
}
