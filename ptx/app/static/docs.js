// The API's page, drawn from its OpenAPI document.

const base = new URL("./", location.href).href;

document.getElementById("curl").textContent = `curl -F photographs=@me.jpg -F pose=@dancer.jpg ${base}transfer -o out.png
curl -F photographs=@me.jpg -F gallery=Wave -F background=white ${base}transfer -o wave.png
curl -F photographs=@me.jpg -F yaw=0:360:15 -F format=gif ${base}view -o round.gif`;

document.getElementById("python").textContent = `import httpx

with httpx.Client(base_url="${base}", timeout=120) as ptx:
    person = ptx.post("people", files={"photographs": open("me.jpg", "rb")}).json()["person"]
    for pose in ("Wave", "Running", "Tree"):
        picture = ptx.post("transfer", data={"person": person, "gallery": pose})
        open(f"{pose}.png", "wb").write(picture.raise_for_status().content)
    ptx.delete(f"people/{person}")`;

const make = (name, text = "", kind = "") => Object.assign(document.createElement(name), { textContent: text, className: kind });

const read = await (await fetch("openapi.json")).json();
for (const [path, methods] of Object.entries(read.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const box = make("section", "", "path"), title = make("h3");
    title.append(make("span", method.toUpperCase(), "method"), ` api${path}`);
    const [status, answer] = Object.entries(operation.responses)[0];
    const type = Object.keys(answer.content ?? {})[0];
    box.append(title, make("p", `${operation.summary}. Answers ${answer.description}${type ? ` (${type})` : ` (${status})`}.`, "small"));
    const fields = operation.requestBody?.content["multipart/form-data"].schema.properties ?? {};
    const table = make("table");
    for (const [name, field] of Object.entries(fields)) {
      const row = make("tr"), more = [field.enum?.join(" | "), field.default !== undefined ? `default ${field.default}` : ""].filter(Boolean).join("; ");
      row.append(make("td", name), make("td", field.description + (more ? ` (${more})` : "")));
      table.append(row);
    }
    box.append(table);
    document.getElementById("paths").append(box);
  }
}
