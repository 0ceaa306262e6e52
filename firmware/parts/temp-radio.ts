// Other radio settings for a while, as MeshCore's `tempradio` has them: not kept, and over by themselves.
import type { RadioSettings } from "../../protocol/airtime.ts";
import type { Hal } from "../hal.ts";
import type { Prefs } from "../prefs.ts";
import type { Sx126x } from "../sx126x.ts";

/** The answer to whoever asked shall still go out on the old settings. */
const APPLY_MS = 2000;
const MINUTE_MS = 60000;

/** Takes `settings` in two seconds and goes back to `prefs` after so many minutes more. Another one takes this one's place. */
export function tempRadio(hal: Hal, radio: Sx126x, prefs: Prefs, settings: RadioSettings, minutes: number): void {
  if (radio.tempTimer) hal.cancel(radio.tempTimer);
  radio.tempTimer = hal.after(() => {
    radio.configure(settings);
    radio.tempTimer = hal.after(() => {
      radio.tempTimer = 0;
      radio.configure(prefs);
    }, minutes * MINUTE_MS);
  }, APPLY_MS);
}
