// The command line that does what the page does.

const quoted = (text) => (/^[\w.,:=@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function commandOf(state) {
  const photographs = state.person.names.map(quoted).join(" ");
  const look = state.look;
  const options = [];
  if (look.background !== "source") options.push("--background", quoted(look.background));
  if (look.engine !== "surface") options.push("--engine", look.engine);
  if (look.mend) options.push("--mend");
  const own = state.pose.kind === "own";
  if (own) {
    const turn = look.yaw || look.pitch ? [`--yaw=${look.yaw}`, ...(look.pitch ? [`--pitch=${look.pitch}`] : [])] : ["--yaw=0"];
    if (look.background === "source") options.unshift("--background", "source");
    return ["ptx view", photographs, ...turn, ...options, "-o out.png"].join(" ");
  }
  const exact = state.pose.kind === "file" && !look.yaw && !look.pitch;
  const pose = exact ? quoted(state.pose.name) : "pose.json";
  if (exact && look.proportions === "pose") options.push("--proportions pose");
  return ["ptx transfer", photographs, "--pose", pose, ...options, "-o out.png"].join(" ");
}

export function needsPoseFile(state) {
  return state.pose.kind !== "own" && !(state.pose.kind === "file" && !state.look.yaw && !state.look.pitch);
}

export function animateCommand({ person, look }, video) {
  const options = look.background === "source" ? [] : ["--background", quoted(look.background)];
  if (look.proportions === "pose") options.push("--proportions pose");
  if (look.mend) options.push("--mend");
  return ["ptx animate", ...person.names.map(quoted), quoted(video), "--size 512", ...options, "-o out.mp4"].join(" ");
}
