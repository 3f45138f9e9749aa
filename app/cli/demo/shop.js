// What the shop lets the assistant do: look into the basket at once, fill it after asking the visitor.

const basket = [];
const show = () => {
  document.getElementById("basket").textContent = basket.length ? basket.join(", ") : "Nothing yet.";
};

Keiko.register({
  name: "look_into_basket",
  description: "Says what is in the visitor's basket.",
  readOnly: true,
  run: () => ({ basket }),
});

Keiko.register({
  name: "put_into_basket",
  description: "Puts a lamp into the visitor's basket.",
  parameters: {
    type: "object",
    properties: { lamp: { type: "string", enum: ["Ada", "Grace", "Hedy"] }, pieces: { type: "integer", minimum: 1, maximum: 9 } },
    required: ["lamp"],
    additionalProperties: false,
  },
  run({ lamp, pieces = 1 }) {
    basket.push(`${pieces} × ${lamp}`);
    show();
    return { basket };
  },
});
