// The sheet: pen strokes from pointer events, their history, and how they are drawn.

const PEN = 6; // width in units of 1/96 inch, as in ensemble_hwr.canvas
const NEAREST = 0.7; // units between points of a stroke; nearer ones are dropped
const PEN_MEMORY = 1500; // milliseconds after the pen was near in which fingers do not write: the palm rests
const TAP = { seconds: 0.25, distance: 5 };
const MOST_STEPS = 500;
const ERASER = 12;

export class Sheet {
  /**
   * @param {HTMLElement} element holds a canvas
   * @param {{onDown: Function, onChange: Function, onTap: Function}} listeners `onTap` gets a position, and returns
   *   whether there is something to open; otherwise the tap is a dot
   */
  constructor(element, listeners) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.listeners = listeners;
    this.strokes = [];
    this.past = [];
    this.future = [];
    this.erasing = false;
    this.guides = true;
    this.current = null;
    this.pointer = null;
    this.penSeen = -Infinity;
    this.start = null;
    for (const [name, handle] of Object.entries({
      pointerdown: this.#down, pointermove: this.#move, pointerup: this.#up, pointercancel: this.#cancel,
    })) this.canvas.addEventListener(name, handle.bind(this));
    for (const name of ["touchstart", "contextmenu"]) {
      this.canvas.addEventListener(name, (event) => event.preventDefault(), { passive: false });
    }
    this.canvas.addEventListener("pointerover", (event) => this.#notePen(event));
    new ResizeObserver(() => this.resize()).observe(element);
    this.resize();
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  resize() {
    const { width, height } = this.element.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.draw();
  }

  undo() {
    if (!this.past.length) return;
    this.future.push(this.strokes);
    this.strokes = this.past.pop();
    this.#changed();
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.strokes);
    this.strokes = this.future.pop();
    this.#changed();
  }

  clear() {
    if (!this.isEmpty) this.#change([]);
  }

  #change(strokes) {
    this.past.push(this.strokes);
    this.past = this.past.slice(-MOST_STEPS);
    this.future = [];
    this.strokes = strokes;
    this.#changed();
  }

  #changed() {
    this.draw();
    this.listeners.onChange();
  }

  #notePen(event) {
    if (event.pointerType === "pen") this.penSeen = event.timeStamp;
  }

  /** Whether a touch is the palm of a writing hand. */
  #isPalm(event) {
    return event.pointerType === "touch" && event.timeStamp - this.penSeen < PEN_MEMORY;
  }

  #down(event) {
    this.#notePen(event);
    if (event.button !== 0 || this.#isPalm(event)) return;
    if (this.pointer !== null) {
      if (event.pointerType !== "pen") return; // a second finger
      this.current = null; // a finger, or the palm, was there before the pen
    }
    event.preventDefault();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.start ??= event.timeStamp;
    this.listeners.onDown();
    if (this.erasing || event.buttons === 32) {
      this.erased = new Set();
      this.#erase(event);
    } else {
      this.current = [this.#point(event)];
      this.#inkSegment();
    }
  }

  #move(event) {
    this.#notePen(event);
    if (event.pointerId !== this.pointer) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) {
      if (this.erased) {
        this.#erase(each);
      } else if (this.current) {
        const point = this.#point(each), last = this.current.at(-1);
        if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAREST) {
          this.current.push(point);
          this.#inkSegment();
        }
      }
    }
  }

  #up(event) {
    if (event.pointerId !== this.pointer) return;
    this.#notePen(event);
    const { current, erased } = this;
    this.current = this.erased = this.pointer = null;
    if (erased) {
      if (erased.size) this.#change(this.strokes.filter((stroke) => !erased.has(stroke)));
    } else if (current) {
      const xs = current.map((point) => point[0]), ys = current.map((point) => point[1]);
      const reach = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
      const seconds = this.#time(event) - current[0][2];
      if (reach < TAP.distance && seconds < TAP.seconds && this.listeners.onTap(current[0][0], current[0][1])) this.draw();
      else this.#change([...this.strokes, current]);
    }
  }

  #cancel(event) {
    if (event.pointerId !== this.pointer) return;
    this.current = this.erased = this.pointer = null;
    this.draw();
  }

  #time(event) {
    return (event.timeStamp - this.start) / 1000;
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    const pressure = event.pointerType === "pen" ? event.pressure || 0.5 : 0.5;
    const round = (value, digits) => Number(value.toFixed(digits));
    return [
      round(event.clientX - box.left, 1), round(event.clientY - box.top, 1),
      round(Math.max(0, this.#time(event)), 3), round(Math.min(1, pressure), 2),
    ];
  }

  #erase(event) {
    const [x, y] = this.#point(event);
    for (const stroke of this.strokes) {
      if (!this.erased.has(stroke) && distance(stroke, x, y) < ERASER) {
        this.erased.add(stroke);
        this.draw();
      }
    }
  }

  draw() {
    const { context, canvas } = this;
    const scale = window.devicePixelRatio || 1;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.guides) drawGuides(context, canvas.width / scale, canvas.height / scale, colour(canvas, "--guide"));
    for (const stroke of [...this.strokes, ...(this.current ? [this.current] : [])]) {
      context.globalAlpha = this.erased?.has(stroke) ? 0.15 : 1;
      drawStroke(context, stroke, colour(canvas, "--ink"));
    }
    context.globalAlpha = 1;
  }

  /** Draw the last segment of the present stroke, so that a long stroke is not drawn again for each point. */
  #inkSegment() {
    drawStroke(this.context, this.current.slice(-3), colour(this.canvas, "--ink"));
  }

  /** Return the strokes whose middle is in a box. */
  strokesIn([left, top, right, bottom]) {
    return this.strokes.filter((stroke) => {
      const box = extent([stroke], 0), x = box.left + box.width / 2, y = box.top + box.height / 2;
      return x >= left && x <= right && y >= top && y <= bottom;
    });
  }

  /** Return a PNG of the strokes on white paper. */
  async toPng() {
    const { left, top, width, height } = extent(this.strokes);
    const canvas = new OffscreenCanvas(Math.ceil(width * 2), Math.ceil(height * 2));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(2, 0, 0, 2, -left * 2, -top * 2);
    for (const stroke of this.strokes) drawStroke(context, stroke, "#181818");
    return canvas.convertToBlob({ type: "image/png" });
  }

  /** Return the strokes as a picture of lines. */
  toSvg() {
    const { left, top, width, height } = extent(this.strokes);
    const paths = this.strokes.map((stroke) => {
      const [[x, y], ...others] = stroke;
      const rest = others.length ? others.map(([a, b]) => `L${a} ${b}`).join("") : `l0.01 0`;
      return `  <path d="M${x} ${y}${rest}"/>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" fill="none" stroke="#181818" ` +
      `stroke-width="${PEN}" stroke-linecap="round" stroke-linejoin="round">\n${paths.join("\n")}\n</svg>\n`;
  }

  /** Return the strokes as a file for `ensemble-hwr draw`. */
  toJson(text) {
    const strokes = this.strokes.map((stroke) => stroke.map(([x, y, t]) => [x, y, t]));
    return `${JSON.stringify({ format: "ensemble_hwr strokes", version: 1, text, strokes })}\n`;
  }
}

function colour(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim() || "#181818";
}

function extent(strokes, margin = 16) {
  const xs = strokes.flat().map((point) => point[0]), ys = strokes.flat().map((point) => point[1]);
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity) - margin;
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity) + margin;
  const [left, top] = [Math.floor(least(xs)), Math.floor(least(ys))];
  return { left, top, width: Math.ceil(most(xs)) - left, height: Math.ceil(most(ys)) - top };
}

const FLAT = 0.3; // units: points nearer to the line between others are left out of requests

/** Return a stroke without the points that its shape does not need (Douglas and Peucker). */
export function simplified(stroke) {
  const kept = new Set([0, stroke.length - 1]), open = [[0, stroke.length - 1]];
  while (open.length) {
    const [first, last] = open.pop(), [ax, ay] = stroke[first], [bx, by] = stroke[last];
    const length = Math.hypot(bx - ax, by - ay);
    let farthest = 0, place = -1;
    for (let i = first + 1; i < last; i++) {
      const [x, y] = stroke[i];
      const away = length ? Math.abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length : Math.hypot(x - ax, y - ay);
      // a stroke that goes back beyond its ends is long, though it is flat
      const beyond = length ? Math.max(0, -((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, ((x - bx) * (bx - ax) + (y - by) * (by - ay)) / length) : 0;
      if (Math.max(away, beyond) > farthest) [farthest, place] = [Math.max(away, beyond), i];
    }
    if (farthest > FLAT) { kept.add(place); open.push([first, place], [place, last]); }
  }
  return stroke.filter((_, i) => kept.has(i));
}

/** Distance of a position from a stroke. */
function distance(stroke, x, y) {
  let nearest = Infinity;
  for (let i = 0; i < stroke.length; i++) {
    const [ax, ay] = stroke[i], [bx, by] = stroke[Math.min(i + 1, stroke.length - 1)];
    const [dx, dy] = [bx - ax, by - ay];
    const along = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    nearest = Math.min(nearest, Math.hypot(ax + along * dx - x, ay + along * dy - y));
  }
  return nearest;
}

/** Distance between guide lines, which fits the width of the sheet. */
export const guideStep = (width) => Math.round(Math.max(96, Math.min(168, width / 5.5)));

function drawGuides(context, width, height, style) {
  const step = guideStep(width);
  context.strokeStyle = style;
  for (let base = step; base < height - 8; base += step) {
    context.lineWidth = 1.5;
    context.setLineDash([]);
    line(context, 0, base, width, base);
    context.lineWidth = 1;
    context.setLineDash([2, 7]);
    line(context, 0, base - step * 0.64, width, base - step * 0.64);
  }
  context.setLineDash([]);
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/** Draw a stroke as a smooth curve whose width follows the pressure. */
function drawStroke(context, stroke, style) {
  context.strokeStyle = context.fillStyle = style;
  context.lineCap = context.lineJoin = "round";
  const widthAt = (point) => PEN * (0.55 + 0.9 * (point[3] ?? 0.5));
  if (stroke.length === 1) {
    context.beginPath();
    context.arc(stroke[0][0], stroke[0][1], widthAt(stroke[0]) / 2, 0, 7);
    context.fill();
    return;
  }
  let [x, y] = stroke[0];
  for (let i = 1; i < stroke.length; i++) {
    const [ax, ay] = stroke[i - 1], [bx, by] = stroke[i];
    const isLast = i === stroke.length - 1;
    const [mx, my] = isLast ? [bx, by] : [(ax + bx) / 2, (ay + by) / 2];
    context.lineWidth = (widthAt(stroke[i - 1]) + widthAt(stroke[i])) / 2;
    context.beginPath();
    context.moveTo(x, y);
    context.quadraticCurveTo(ax, ay, mx, my);
    context.stroke();
    [x, y] = [mx, my];
  }
}
