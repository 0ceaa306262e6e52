# Prints every publication as a line of JSON, [topic, payload, retained], and comes back by itself. Arguments: port, filter.
import json
import sys

import paho.mqtt.client as mqtt

port, wanted = int(sys.argv[1]), sys.argv[2]
version = [mqtt.CallbackAPIVersion.VERSION1] if hasattr(mqtt, "CallbackAPIVersion") else []
client = mqtt.Client(*version, client_id="subscriber", clean_session=False)


def told(_client, _data, message):
    print(json.dumps([message.topic, message.payload.decode(), message.retain]), flush=True)


client.on_connect = lambda one, *_: one.subscribe(wanted, 1)
client.on_message = told
client.reconnect_delay_set(0.1, 0.5)
client.connect_async("127.0.0.1", port, keepalive=10)
client.loop_forever(retry_first_connection=True)
