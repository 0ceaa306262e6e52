// The queries of Grafana dashboards, and the names that they use.
interface Target {
  refId: string;
  datasource: { type: "influxdb" | "prometheus"; uid: string };
  query?: string;
  alias?: string;
  expr?: string;
  legendFormat?: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource: { uid: string };
  targets: Target[];
  options: { layers?: Layer[] };
}

/** Of a geomap. */
interface Layer {
  name: string;
  filterData: { options: string };
  location: { latitude: string; longitude: string };
  config: { weight?: { field: string }; style?: { color: { field: string }; text: { field: string } } };
}

export interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
}

export interface InfluxQuery {
  panel: string;
  query: string;
  /** The names that its alias shows, and those that a map looks for among the columns. */
  tags: string[];
  columns: string[];
}

export function influxQueries({ title, panels }: Dashboard): InfluxQuery[] {
  return panels.flatMap((panel) =>
    panel.targets.flatMap(({ refId, query, alias }) => {
      if (query === undefined) return [];
      const layers = (panel.options.layers ?? []).filter(({ filterData }) => filterData.options === refId);
      const columns = layers.flatMap(({ location, config: { weight, style } }) => [
        ...[location.latitude, location.longitude],
        ...[weight?.field, style?.color.field, style?.text.field].filter((each) => each !== undefined),
      ]);
      const tags = [...(alias ?? "").matchAll(/\$tag_(\w+)/g)].map(([, tag]) => tag);
      return [{ panel: `${title} / ${panel.title}`, query, tags, columns }];
    }),
  );
}

/** What a browser puts in for Grafana's variables. */
export const filledIn = (query: string): string =>
  query.replaceAll("$timeFilter", "time > now() - 1d").replaceAll("$__interval", "1m");

/** Names in double quotes that are neither the measurement's nor made by the query itself. */
export function strangeNames(query: string, measurements: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const measurement = /FROM "(\w+)"/.exec(query)?.[1] ?? "";
  const columns = measurements.get(measurement);
  if (columns === undefined) return [measurement];
  const made = [...query.matchAll(/AS "(\w+)"/g)].map(([, name]) => name);
  const used = [...query.matchAll(/(?<!AS )"(\w+)"/g)].map(([, name]) => name);
  return used.filter((name) => name !== measurement && !columns.has(name) && !made.includes(name));
}

export interface PromQuery {
  where: string;
  expr: string;
  /** The labels that the legend shows. */
  shown: string[];
}

export function promQueries({ title, panels }: Dashboard): PromQuery[] {
  return panels.flatMap((panel) =>
    panel.targets.flatMap(({ expr, legendFormat = "" }) => {
      if (expr === undefined) return [];
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      return [{ where: `${title} / ${panel.title}`, expr, shown }];
    }),
  );
}

/** Those that Prometheus itself makes or adds. */
const OWN_METRICS = ["up"];
const OWN_LABELS = ["job", "instance"];

/** The metrics and labels that the query uses and that `served`, an answer of /metrics, does not have. */
export function strangeMetrics({ expr, shown }: PromQuery, served: string): string[] {
  const used = [...expr.matchAll(/\b(?:meshcore|process|nodejs)_\w+|\bup\b/g)].map(([name]) => name);
  const unknown = used.filter((name) => !OWN_METRICS.includes(name) && !served.includes(`# TYPE ${name} `));
  const labels = [
    ...shown,
    ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list.split(/, */)),
    ...[...expr.matchAll(/(\w+)\s*(?:=~|!=|=)"/g)].map(([, label]) => label),
  ];
  const lines = served.split("\n").filter((line) => used.some((name) => line.startsWith(`${name}{`)));
  // A metric without samples, such as those of a backbone that is not configured, tells no labels.
  const isTold = lines.length > 0 || labels.length === 0;
  const strange = labels.filter((label) => !OWN_LABELS.includes(label) && !lines.some((line) => hasLabel(line, label)));
  return [...unknown, ...(isTold ? strange : [])];
}

const hasLabel = (line: string, label: string): boolean => line.includes(`{${label}="`) || line.includes(`,${label}="`);
