/* A window that shows faces as fast as this machine draws them. Needs GTK 4.
 *   cc viewer.c $(pkg-config --cflags --libs obverse gtk4) -lm -o viewer && ./viewer MODEL.obv
 *
 * One worker thread draws; the window asks for a picture by leaving a request behind. A newer request
 * takes the place of an older one, and obv_cancel_job() ends the face that nobody wants any more. */
#include <gtk/gtk.h>
#include <math.h>
#include <obverse.h>
#include <string.h>

/* What a picture is made from. */
typedef struct {
  uint32_t seed, other; /* the second face of mix and walk */
  float psi, part;      /* part: share of the other face (walk), or of its layers (mix) */
  uint32_t noise;
  gboolean mixes;
} Request;

typedef struct {
  obv_model *model;
  obv_context *context;
  obv_model_info info;

  GMutex mutex;
  GCond changed;
  Request wanted;    /* guarded by the mutex, as the next three */
  guint64 number;    /* of the request */
  gboolean ends;
  guint32 job; /* the request that is being drawn; 0 for none */

  GtkWidget *picture, *label, *seed, *other, *psi, *part, *noise, *mode, *walk;
  gint64 walk_start;
  gboolean has_shown;
} Viewer;

/* A picture on its way from the worker to the window. */
typedef struct {
  Viewer *viewer;
  GBytes *pixels;
  double milliseconds;
  char *error;
} Result;

static gboolean show(gpointer data) {
  Result *result = data;
  Viewer *viewer = result->viewer;
  if (result->error) {
    gtk_label_set_text(GTK_LABEL(viewer->label), result->error);
  } else {
    int side = (int)viewer->info.width;
    GdkTexture *texture =
        gdk_memory_texture_new(side, side, GDK_MEMORY_R8G8B8, result->pixels, 3 * (gsize)side);
    gtk_picture_set_paintable(GTK_PICTURE(viewer->picture), GDK_PAINTABLE(texture));
    g_object_unref(texture);
    char *text = g_strdup_printf("%.1f ms a face   %ux%u   %s", result->milliseconds,
                                 viewer->info.width, viewer->info.height,
                                 viewer->info.instruction_set);
    gtk_label_set_text(GTK_LABEL(viewer->label), text);
    g_free(text);
    if (!viewer->has_shown) g_print("first face after start: %.1f ms\n", result->milliseconds);
    viewer->has_shown = TRUE;
  }
  if (result->pixels) g_bytes_unref(result->pixels);
  g_free(result->error);
  g_free(result);
  return G_SOURCE_REMOVE;
}

/* The ws of a request: those of one face, with some entries, or some of each entry, from another. */
static obv_status make_ws(Viewer *viewer, const Request *request, float *z, float *ws, float *other) {
  const obv_model_info *info = &viewer->info;
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  gsize count = (gsize)info->ws_count * info->w_dim;
  options.psi = request->psi;
  obv_status status = obv_latent_from_seed(viewer->model, request->seed, z, info->z_dim);
  if (!status) status = obv_map(viewer->context, z, info->z_dim, &options, ws, count);
  if (status || request->part <= 0) return status;
  status = obv_latent_from_seed(viewer->model, request->other, z, info->z_dim);
  if (!status) status = obv_map(viewer->context, z, info->z_dim, &options, other, count);
  if (status) return status;
  if (request->mixes) {
    gsize entries = (gsize)lroundf(request->part * info->ws_count);
    memcpy(ws, other, entries * info->w_dim * sizeof *ws);
  } else {
    for (gsize i = 0; i < count; i++) ws[i] += request->part * (other[i] - ws[i]);
  }
  return status;
}

static gpointer work(gpointer data) {
  Viewer *viewer = data;
  const obv_model_info *info = &viewer->info;
  gsize count = (gsize)info->ws_count * info->w_dim, row = 3 * (gsize)info->width;
  float *z = g_new(float, info->z_dim), *ws = g_new(float, count), *other = g_new(float, count);
  guint64 done = 0;
  g_mutex_lock(&viewer->mutex);
  while (!viewer->ends) {
    if (viewer->number == done) {
      g_cond_wait(&viewer->changed, &viewer->mutex);
      continue;
    }
    Request request = viewer->wanted;
    guint64 number = viewer->number;
    guint32 job = viewer->job = (guint32)number;
    g_mutex_unlock(&viewer->mutex);

    guchar *pixels = g_malloc(row * info->height);
    obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
    options.noise = request.noise;
    options.noise_seed = request.seed;
    options.job = job;
    gint64 start = g_get_monotonic_time();
    obv_status status = make_ws(viewer, &request, z, ws, other);
    if (!status)
      status = obv_synthesize(viewer->context, ws, count, &options, pixels, row, OBV_RGB8);
    double milliseconds = (g_get_monotonic_time() - start) / 1000.0;

    g_mutex_lock(&viewer->mutex);
    viewer->job = 0;
    /* Somebody wants a newer one. */
    if (status == OBV_CANCELLED) {
      g_free(pixels);
      continue;
    }
    done = number;
    Result *result = g_new0(Result, 1);
    result->viewer = viewer;
    result->milliseconds = milliseconds;
    if (status) {
      result->error = g_strdup(obv_last_error());
      g_free(pixels);
    } else {
      result->pixels = g_bytes_new_take(pixels, row * info->height);
    }
    g_idle_add(show, result);
  }
  g_mutex_unlock(&viewer->mutex);
  g_free(z);
  g_free(ws);
  g_free(other);
  return NULL;
}

/* Leaves a request for what the window says now. */
static void ask(Viewer *viewer) {
  Request request = {
      .seed = (uint32_t)gtk_spin_button_get_value(GTK_SPIN_BUTTON(viewer->seed)),
      .other = (uint32_t)gtk_spin_button_get_value(GTK_SPIN_BUTTON(viewer->other)),
      .psi = (float)gtk_range_get_value(GTK_RANGE(viewer->psi)),
      .part = (float)gtk_range_get_value(GTK_RANGE(viewer->part)),
      .noise = gtk_drop_down_get_selected(GTK_DROP_DOWN(viewer->noise)),
      .mixes = gtk_drop_down_get_selected(GTK_DROP_DOWN(viewer->mode)) == 1,
  };
  g_mutex_lock(&viewer->mutex);
  viewer->wanted = request;
  viewer->number++;
  if (viewer->job && !gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(viewer->walk)))
    obv_cancel_job(viewer->context, viewer->job);
  g_cond_signal(&viewer->changed);
  g_mutex_unlock(&viewer->mutex);
}

/* While the walk runs: there and back in eight seconds, a frame whenever the last one is drawn. */
static gboolean tick(GtkWidget *widget, GdkFrameClock *clock, gpointer data) {
  (void)widget;
  Viewer *viewer = data;
  if (!gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(viewer->walk))) return G_SOURCE_REMOVE;
  double seconds = (gdk_frame_clock_get_frame_time(clock) - viewer->walk_start) / 1e6;
  g_mutex_lock(&viewer->mutex);
  gboolean is_drawing = viewer->job != 0;
  g_mutex_unlock(&viewer->mutex);
  /* The slider's signal asks for the picture. */
  if (!is_drawing)
    gtk_range_set_value(GTK_RANGE(viewer->part), 0.5 - 0.5 * cos(seconds * G_PI / 4));
  return G_SOURCE_CONTINUE;
}

static void walk_toggled(GtkToggleButton *button, Viewer *viewer) {
  if (!gtk_toggle_button_get_active(button)) return;
  viewer->walk_start = g_get_monotonic_time();
  gtk_widget_add_tick_callback(GTK_WIDGET(button), tick, viewer, NULL);
}

static GtkWidget *row(GtkWidget *grid, int line, const char *name, GtkWidget *widget) {
  GtkWidget *label = gtk_label_new(name);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_widget_set_hexpand(widget, TRUE);
  gtk_grid_attach(GTK_GRID(grid), label, 0, line, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), widget, 1, line, 1, 1);
  return widget;
}

static GtkWidget *scale(double low, double high, double value) {
  GtkWidget *scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, low, high, 0.01);
  gtk_range_set_value(GTK_RANGE(scale), value);
  gtk_scale_set_draw_value(GTK_SCALE(scale), TRUE);
  return scale;
}

static void activate(GtkApplication *application, Viewer *viewer) {
  gboolean truncates = viewer->info.flags & OBV_HAS_W_AVERAGE;
  GtkWidget *window = gtk_application_window_new(application);
  gtk_window_set_title(GTK_WINDOW(window), "Obverse viewer");
  gtk_window_set_default_size(GTK_WINDOW(window), 560, 720);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8), *grid = gtk_grid_new();
  viewer->picture = gtk_picture_new();
  gtk_widget_set_vexpand(viewer->picture, TRUE);
  viewer->label = gtk_label_new("");
  gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
  gtk_grid_set_row_spacing(GTK_GRID(grid), 4);
  gtk_widget_set_margin_start(grid, 12);
  gtk_widget_set_margin_end(grid, 12);
  gtk_widget_set_margin_bottom(grid, 12);

  viewer->seed = row(grid, 0, "seed", gtk_spin_button_new_with_range(0, 4294967295.0, 1));
  viewer->other = row(grid, 1, "other seed", gtk_spin_button_new_with_range(0, 4294967295.0, 1));
  viewer->psi = row(grid, 2, "psi", scale(-1, 1.5, truncates ? 0.7 : 1));
  gtk_widget_set_sensitive(viewer->psi, truncates);
  viewer->noise = row(grid, 3, "noise", gtk_drop_down_new_from_strings(
      (const char *[]){"const", "random", "none", NULL}));
  gtk_widget_set_sensitive(viewer->noise, (viewer->info.flags & OBV_ALLOWS_RANDOM_NOISE) != 0);
  viewer->mode = row(grid, 4, "other face", gtk_drop_down_new_from_strings(
      (const char *[]){"walk: a share of every layer", "mix: its first layers", NULL}));
  viewer->part = row(grid, 5, "share of it", scale(0, 1, 0));
  viewer->walk = row(grid, 6, "there and back", gtk_toggle_button_new_with_label("walk"));
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(viewer->seed), 85);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(viewer->other), 265);

  GtkWidget *spins[] = {viewer->seed, viewer->other}, *ranges[] = {viewer->psi, viewer->part};
  GtkWidget *choices[] = {viewer->noise, viewer->mode};
  for (int i = 0; i < 2; i++) {
    g_signal_connect_swapped(spins[i], "value-changed", G_CALLBACK(ask), viewer);
    g_signal_connect_swapped(ranges[i], "value-changed", G_CALLBACK(ask), viewer);
    g_signal_connect_data(choices[i], "notify::selected", G_CALLBACK(ask), viewer, NULL,
                          G_CONNECT_SWAPPED);
  }
  g_signal_connect(viewer->walk, "toggled", G_CALLBACK(walk_toggled), viewer);

  gtk_box_append(GTK_BOX(box), viewer->picture);
  gtk_box_append(GTK_BOX(box), viewer->label);
  gtk_box_append(GTK_BOX(box), grid);
  gtk_window_set_child(GTK_WINDOW(window), box);
  gtk_window_present(GTK_WINDOW(window));
  ask(viewer);
  if (g_getenv("VIEWER_WALKS")) gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(viewer->walk), TRUE);
}

int main(int count, char **words) {
  static Viewer viewer;
  viewer.info = (obv_model_info)OBV_MODEL_INFO_INIT;
  if (count != 2) {
    g_printerr("usage: viewer MODEL.obv\n");
    return 64;
  }
  if (obv_model_open(words[1], &viewer.model) ||
      obv_model_get_info(viewer.model, &viewer.info) ||
      obv_context_create(viewer.model, NULL, &viewer.context)) {
    g_printerr("viewer: %s\n", obv_last_error());
    return 1;
  }
  g_mutex_init(&viewer.mutex);
  g_cond_init(&viewer.changed);
  GThread *worker = g_thread_new("faces", work, &viewer);

  GtkApplication *application = gtk_application_new(NULL, G_APPLICATION_NON_UNIQUE);
  g_signal_connect(application, "activate", G_CALLBACK(activate), &viewer);
  int code = g_application_run(G_APPLICATION(application), 1, words);
  g_object_unref(application);

  g_mutex_lock(&viewer.mutex);
  viewer.ends = TRUE;
  obv_cancel_job(viewer.context, viewer.job);
  g_cond_signal(&viewer.changed);
  g_mutex_unlock(&viewer.mutex);
  g_thread_join(worker);
  obv_context_destroy(viewer.context);
  obv_model_close(viewer.model);
  return code;
}
