// app: which page belongs to which address. Pages are loaded when they are first needed.
import { lazy, Suspense } from "react";
import { Link, Route, Router, Switch } from "wouter";
import { Layout } from "./components/layout";
import { Empty, Waiting } from "./components/parts";
import { mayLeave } from "./lib/guard";
import ScenariosPage from "./pages/scenarios";

const ScenarioPage = lazy(() => import("./pages/scenario"));
const RunsPage = lazy(() => import("./pages/runs"));
const RunPage = lazy(() => import("./pages/run"));

function NotFound() {
  return (
    <Empty title="There is nothing at this address">
      <Link href="/scenarios">To the scenarios</Link>
    </Empty>
  );
}

export function App() {
  return (
    <Router aroundNav={(navigate, to, options) => void (mayLeave() && navigate(to, options))}>
      <Layout>
        <Suspense fallback={<Waiting />}>
          <Switch>
            <Route path="/" component={ScenariosPage} />
            <Route path="/scenarios" component={ScenariosPage} />
            <Route path="/scenarios/new">
              <ScenarioPage key={`new${location.search}`} />
            </Route>
            <Route path="/scenarios/:id">{({ id }) => <ScenarioPage key={id} id={id} />}</Route>
            <Route path="/runs" component={RunsPage} />
            <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Layout>
    </Router>
  );
}
