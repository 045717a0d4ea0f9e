// Elements from code. Texts become text nodes, never HTML.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SECONDS_OF_NEWS = 6;

// Something that happened is shown for a while; what lasts stays until it is taken back.
export function announce(text, lasts = false) {
  const place = document.getElementById("announcement");
  place.textContent = text;
  if (text && !lasts) {
    setTimeout(() => {
      if (place.textContent === text) place.textContent = "";
    }, SECONDS_OF_NEWS * 1000);
  }
}

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = String(Math.floor(whole / 60) % 60);
  const rest = String(whole % 60).padStart(2, "0");
  return whole < 3600 ? `${minutes}:${rest}` : `${Math.floor(whole / 3600)}:${minutes.padStart(2, "0")}:${rest}`;
}

export function baseName(path) {
  return path.split(/[\\/]/).pop();
}
