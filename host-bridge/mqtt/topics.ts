// The topics of `profile: native`, a row each; docs/mqtt.md has the same table, and a test compares them.

interface Topic {
  /** Behind the prefix. */
  form: string;
  way: "out" | "in";
  retained: boolean;
  payload: string;
}

export const TOPICS = {
  message: {
    form: "messages/{room}",
    way: "out",
    retained: false,
    payload: "[message](schemas/message.json), as WebSocket clients get it",
  },
  status: {
    form: "status",
    way: "out",
    retained: true,
    payload: '[status](schemas/status.json), every 60 s: `/status` and `"online": true`; last will `{"online":false}`',
  },
  node: {
    form: "nodes/{node_id}",
    way: "out",
    retained: true,
    payload: "[node](schemas/node.json) of the mesh; empty when it is forgotten",
  },
  alert: {
    form: "alerts/{node_id}",
    way: "out",
    retained: true,
    payload: '[alert](schemas/alert.json): a node is `"silent"`, or `"ok"` again',
  },
  post: {
    form: "rooms/{room}/post",
    way: "in",
    retained: false,
    payload: "`{sender, text, ref}`: a post; only in rooms with `mqtt_post: true`",
  },
  posted: {
    form: "rooms/{room}/posted",
    way: "out",
    retained: false,
    payload: 'what became of it: `{type: "posted", ref, guid}` or `{type: "error", ref, code, message}`',
  },
} as const satisfies Record<string, Topic>;

export type TopicName = keyof typeof TOPICS;

/** `/`, `+` and `#` mean something in a topic, and NUL ends a text in C. */
const sanitised = (name: string): string => name.replace(/[/+#\0]/g, "_");

/** The topic for a room or node; `status` has neither. */
export function topicOf(prefix: string, name: TopicName, about = ""): string {
  return `${prefix}/${TOPICS[name].form.replace(/\{\w+\}/, () => sanitised(about))}`;
}
